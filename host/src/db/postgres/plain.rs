//! Tables on which several inserted rows are no more than the sum of them.

/// Whether what is inserted into a table by one statement is the same, whatever its columns hold, as
/// what a statement for each row would leave: `None` if there is no such relation.
///
/// No trigger counts statements, no constraint or default sees rows of the same table, and what is
/// evaluated for a row depends on the row, the transaction and the row's turn alone. What may appear
/// in a default or a check is told by the numbers of functions in the expression's tree. A base type
/// or an immutable function that reads tables is a lie that the server itself believes.
pub(super) const IS_PLAIN: &str = "\
    SELECT c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
        WHERE c.relhastriggers AND t.tgrelid = c.oid AND NOT t.tgisinternal)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint f
        WHERE c.relhastriggers AND f.conrelid = c.oid AND f.confrelid = c.oid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND (y.typtype NOT IN ('b', 'e') OR e.typtype NOT IN ('b', 'e')))
      AND NOT EXISTS (SELECT FROM (
          SELECT d.adbin::text AS tree FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid
          UNION ALL SELECT k.conbin::text FROM pg_catalog.pg_constraint k
          WHERE c.relchecks > 0 AND k.conrelid = c.oid AND k.contype = 'c') x
        CROSS JOIN LATERAL pg_catalog.regexp_matches(x.tree, ':(?:op)?funcid ([0-9]+)', 'g') m
        LEFT JOIN pg_catalog.pg_proc p ON p.oid = m[1]::pg_catalog.oid
        WHERE p.oid IS NULL OR p.provolatile <> 'i' AND NOT (
          p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname IN ('now',
            'transaction_timestamp', 'clock_timestamp', 'nextval', 'random', 'gen_random_uuid',
            'uuidv4', 'uuidv7', 'date', 'timestamp', 'timestamptz', 'to_char')))
    FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";
