"""Field sales: customers, sales with their items, payments, and goods handed to sellers for a day."""
