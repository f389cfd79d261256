CREATE TYPE order_state AS ENUM ('open', 'paid', 'cancelled');

CREATE TABLE orders (
    id UUID PRIMARY KEY,
    customer UUID NOT NULL CONSTRAINT orders_customer_known REFERENCES customers (id),
    state order_state NOT NULL,
    placed TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE order_lines (
    "order" UUID NOT NULL REFERENCES orders (id),
    product BIGINT NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price_cents BIGINT NOT NULL,
    PRIMARY KEY ("order", product)
);
