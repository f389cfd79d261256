use proptest::prelude::*;

use super::*;

type Row = Vec<Option<Vec<u8>>>;

fn write(rows: &[Row], chunk_bytes: usize) -> Vec<Bytes> {
    let mut writer = RowWriter::new();
    for row in rows {
        writer
            .begin_row(row.iter().map(|cell| cell.as_ref().map(Vec::len)))
            .unwrap();
        for cell in row.iter().flatten() {
            writer.cell(cell);
        }
    }
    let mut stream = writer.take();
    let mut chunks = Vec::new();
    while !stream.is_empty() {
        chunks.push(stream.split_to(chunk_bytes.min(stream.len())));
    }
    chunks
}

fn read(chunks: Vec<Bytes>, columns: usize) -> Vec<Row> {
    let mut reader = RowReader::new(columns);
    let mut rows = Vec::new();
    for chunk in chunks {
        reader.push(chunk);
        while let Some(row) = reader.next_row().unwrap() {
            rows.push(
                (0..columns)
                    .map(|cell| row.cell(cell).map(<[u8]>::to_vec))
                    .collect(),
            );
        }
    }
    reader.finish().unwrap();
    rows
}

proptest! {
    #[test]
    fn rows_survive_any_cut(
        rows in (0_usize..6).prop_flat_map(|columns| {
            let cell = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
            proptest::collection::vec(proptest::collection::vec(cell, columns), 0..20)
        }),
        chunk_bytes in 1_usize..200,
    ) {
        let columns = rows.first().map_or(1, Vec::len);
        prop_assert_eq!(read(write(&rows, chunk_bytes), columns), rows);
    }

    #[test]
    fn whole_rows_are_the_same_bytes(
        rows in (0_usize..6).prop_flat_map(|columns| {
            let cell = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
            proptest::collection::vec(proptest::collection::vec(cell, columns), 0..20)
        }),
    ) {
        let mut writer = RowWriter::new();
        for row in &rows {
            prop_assert!(writer.whole_row(row.iter().map(Option::as_deref)));
        }
        let in_parts: Bytes = write(&rows, usize::MAX).concat().into();
        prop_assert_eq!(writer.take(), in_parts);
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), columns in 0_usize..8) {
        let mut reader = RowReader::new(columns);
        reader.push(bytes.into());
        for _ in 0..100 {
            match reader.next_row() {
                Ok(Some(row)) => for cell in 0..=columns {
                    let _ = row.cell(cell);
                },
                _ => break,
            }
        }
    }
}

#[test]
fn a_row_set_that_ends_within_a_row_is_cut_short() {
    let mut chunks = write(&[vec![Some(b"abc".to_vec())]], 1000);
    let whole = chunks.remove(0);
    let mut reader = RowReader::new(1);
    reader.push(whole.slice(..whole.len() - 1));
    assert_eq!(reader.next_row(), Ok(None));
    assert_eq!(reader.finish(), Err(PageError::CutShort));
}

#[test]
fn a_cell_that_ends_before_it_begins_is_refused() {
    let mut reader = RowReader::new(2);
    let mut bytes = 5_u32.to_le_bytes().to_vec();
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend([0; 16]);
    reader.push(bytes.into());
    assert_eq!(reader.next_row(), Err(PageError::Ends));
}

#[test]
fn a_row_of_two_gibibytes_is_refused_before_anything_is_written() {
    let mut writer = RowWriter::new();
    let lengths = [Some(1 << 30), Some(1 << 30)];
    assert_eq!(
        writer.begin_row(lengths.into_iter()),
        Err(PageError::TooLarge(1 << 31))
    );
    assert!(writer.is_empty());
}

#[test]
fn a_row_that_leaves_more_than_a_page_is_not_written_whole() {
    let page = limits::PAGE_BYTES as usize;
    let mut writer = RowWriter::new();
    let cell = vec![7; page - END_BYTES];
    let row = |bytes: usize| [cell.get(..bytes)].into_iter();
    assert!(!writer.whole_row([Some(&vec![7; page][..])].into_iter()));
    assert!(writer.is_empty());
    assert!(writer.whole_row(row(page - END_BYTES)));
    assert_eq!(writer.room(), 0);
    assert!(!writer.whole_row(row(0)));
    assert_eq!(writer.take().len(), page);
}
