CREATE TABLE customers (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL CONSTRAINT customers_email_once UNIQUE,
    name TEXT NOT NULL,
    registered TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE products (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    price_cents BIGINT NOT NULL CHECK (price_cents > 0),
    stock INTEGER NOT NULL CONSTRAINT products_in_stock CHECK (stock >= 0),
    tags TEXT[] NOT NULL,
    details JSONB NOT NULL
);
