"""The story that `make demo` plays, and the verdict each operation must get. Read it from top to bottom.

A row's name ("luna") stands for its id. Versions are what the phone last saw; the right-hand verdicts are spelled out
from the protocol by hand. Not here: the words it is written in (`steps`).
"""

from datetime import UTC, datetime

from demo.steps import (
    ME,
    Network,
    Phone,
    Scene,
    Sent,
    Step,
    applied,
    conflict,
    delete,
    id_of,
    insert,
    nothing_to_write,
    rejected,
    skipped,
    update,
)

TODAY = datetime.now(UTC).date().isoformat()
NOW = f"{TODAY}T09:30:00Z"
YESTERDAY, TWO_HOURS, THREE_HOURS = 30 * 60, 120, 180  # minutes ago

# Its clock is wrong by more than the hour between the two edits of Sol's phone number below.
SELLER = Phone(user="norte-seller", clock_ahead_minutes=90)
MANAGER = Phone(user="norte-manager")
RIVAL = Phone(user="sur-manager")


def sale(row: str, number: str, customer: str, total: str, **more: str) -> Sent:
    """A new sale."""
    return insert("sales", row, number=number, customer_id=id_of(customer), sold_at=NOW, total=total, **more)


def item(row: str, of: str, product: str, quantity: str, price: str) -> Sent:
    """A line of a sale."""
    return insert("sale_items", row, sale_id=id_of(of), product=product, quantity=quantity, unit_price=price)


def payment(row: str, of: str, amount: str, **more: str) -> Sent:
    """Money for a sale."""
    return insert("payments", row, sale_id=id_of(of), amount=amount, paid_at=NOW, **more)


def goods(row: str, product: str, out: str) -> Sent:
    """Goods that a seller takes along today."""
    return insert("distributions", row, seller_id=ME, product=product, day=TODAY, quantity_out=out)


# A step reads best on one line, or on two.
# fmt: off
MORNING = Scene(title="Yesterday, with a network: the manager enters what both phones then know", phone=MANAGER, steps=[
    Step("Adds Bodega Luna, who may owe 500", insert("customers", "luna", name="Bodega Luna", credit_limit="500.00"),
         applied(1), minutes_ago=YESTERDAY),
    Step("Adds Abarrotes Sol", insert("customers", "sol", name="Abarotes Sol", phone="555-0100"),
         applied(1), minutes_ago=YESTERDAY),
    Step("Adds Pescadería Mar", insert("customers", "mar", name="Pescadería Mar"),
         applied(1), minutes_ago=YESTERDAY),
    Step("Sells to Luna, on account and closed", sale("a100", "A-100", "luna", "200.00", status="closed"), applied(1)),
    Step("Opens a sale to Sol", sale("a101", "A-101", "sol", "80.00"), applied(1)),
    Step("Takes a part of it in cash", payment("a101 part", "a101", "30.00"), applied(1)),
    Step("Takes sugar along", goods("manager's sugar", "Sugar 1 kg", "30"), applied(1)),
])

ELSEWHERE = Scene(title="Another business on the same server", phone=RIVAL, steps=[
    Step("Adds a customer of its own", insert("customers", "foreign", name="Astillero Coral"), applied(1)),
])

MEANWHILE = Scene(
    title="Two hours ago, while the seller's phone is offline: the manager edits the same rows", phone=MANAGER, steps=[
    Step("Renames Luna", update("customers", "luna", 1, name="Bodega La Luna"), applied(2), minutes_ago=TWO_HOURS),
    Step("Notes Sol's new phone number", update("customers", "sol", 1, phone="555-0199", notes="Rings first."),
         applied(2), minutes_ago=TWO_HOURS),
    Step("Deletes Mar", delete("customers", "mar", 1), applied(2), minutes_ago=TWO_HOURS),
])

QUEUE = Scene(
    title="Back in town: the seller's phone uploads the day's queue", phone=SELLER, network=Network.APP_CRASHES, steps=[
    "An ordinary day",
    Step("Adds Taquería Nube", insert("customers", "nube", name="Taquería Nube", phone="555-0300"), applied(1)),
    Step("Opens a sale to Nube", sale("a201", "A-201", "nube", "140.00"), applied(1)),
    Step("… four packets of coffee", item("a201 coffee", "a201", "Coffee 500 g", "4", "20.00"), applied(1)),
    Step("… two of sugar", item("a201 sugar", "a201", "Sugar 1 kg", "2", "20.00"), applied(1)),
    Step("… no, three of sugar", update("sale_items", "a201 sugar", 1, quantity="3"), applied(2)),
    Step("… napkins", item("a201 napkins", "a201", "Napkins", "1", "5.00"), applied(1)),
    Step("… no napkins", delete("sale_items", "a201 napkins", 1), applied(2)),
    Step("Takes 50 in cash for it", payment("a201 part", "a201", "50.00", customer_id=id_of("nube")), applied(1)),
    Step("Takes 20 packets of coffee along", goods("seller's coffee", "Coffee 500 g", "20"), applied(1)),
    Step("… sells 12, brings 8 back",
         update("distributions", "seller's coffee", 1, quantity_sold="12", quantity_returned="8"), applied(2)),
    Step("Saves a form without a change", update("customers", "nube", 1, phone="555-0300"),
         nothing_to_write("unchanged", 1)),

    "Sales in one piece: all of it or nothing",
    Step("Sells two jars of honey", sale("a202", "A-202", "nube", "15.60"), applied(1), group="honey"),
    Step("… the jars", item("a202 honey", "a202", "Honey 350 g", "2", "7.80"), applied(1), group="honey"),
    Step("… paid by card", payment("a202 paid", "a202", "15.60", method="card"), applied(1), group="honey"),
    Step("Closes that sale", update("sales", "a202", 1, status="closed"), applied(2)),
    Step("Sells rice", sale("a203", "A-203", "nube", "60.00"),
         skipped("group_failed", caused_by="… paid, with a zero too many"), group="rice"),
    Step("… the sacks", item("a203 rice", "a203", "Rice 20 kg", "2", "30.00"),
         skipped("group_failed", caused_by="… paid, with a zero too many"), group="rice"),
    Step("… paid, with a zero too many", payment("a203 paid", "a203", "600.00"),
         rejected("overpaid", "amount"), group="rice"),
    Step("Adds beans to the sale of rice", item("a203 beans", "a203", "Beans 1 kg", "1", "3.00"),
         skipped("dependency_failed", caused_by="Sells rice")),

    "Rows that the manager changed meanwhile",
    Step("Mends the spelling of Sol's name", update("customers", "sol", 1, name="Abarrotes Sol"),
         applied(3, "merged", name="Abarrotes Sol", phone="555-0199", notes="Rings first.")),
    Step("Had noted a number for Sol before", update("customers", "sol", 1, phone="555-0155"),
         nothing_to_write("superseded", 3, phone="555-0199"), minutes_ago=THREE_HOURS),
    Step("Notes something on Sol afterwards", update("customers", "sol", 1, notes="Rings twice."),
         applied(4, "merged", notes="Rings twice.", phone="555-0199"), minutes_ago=30),
    Step("Renames Luna, too", update("customers", "luna", 1, name="Luna & Sons"),
         conflict("stale_version", "name", version=2, name="Bodega La Luna")),
    Step("Notes Mar's phone number", update("customers", "mar", 1, phone="555-0400"), conflict("gone", version=2)),
    Step("Deletes Mar, too", delete("customers", "mar", 1), nothing_to_write("already_gone")),
    Step("Adds Sol once more, by a slip", insert("customers", "sol", name="Sol"),
         conflict("already_exists", version=4, name="Abarrotes Sol")),

    "Slips of the fingers, and of the app",
    Step("Types a line with four faults",
         insert("sale_items", "faulty", product=" ", quantity="-1", unit_price="12.505"),
         rejected("invalid", "product", "quantity", "unit_price", "sale_id")),
    Step("Fills in a field nobody knows", insert("customers", "unknown", name="Kiosco Luz", email="luz@example.org"),
         rejected("unknown_field", "email")),
    Step("Adds a customer without a name", insert("customers", "nameless", name=""), rejected("invalid", "name")),
    Step("… and sells to them", sale("a204", "A-204", "nameless", "10.00"),
         skipped("dependency_failed", caused_by="Adds a customer without a name")),
    Step("Forgets which version was edited", update("customers", "nube", None, notes="Open on Sundays."),
         rejected("base_version_required", "base_version")),
    Step("Edits a row that never was", update("sales", "nowhere", 1, notes="?"), rejected("not_found")),
    Step("Sells to a customer who never was", sale("a205", "A-205", "nobody", "10.00"),
         rejected("reference_not_found", "customer_id")),
    Step("Uploads to a table that is not there", insert("invoices", "invoice", total="1.00"),
         rejected("unknown_entity", retry="never")),

    "What belongs to another business",
    Step("Sells to a customer of Sur's", sale("a206", "A-206", "foreign", "10.00"),
         rejected("reference_not_found", "customer_id")),
    Step("Adds a customer with an id of Sur's", insert("customers", "foreign", name="Mine now"),
         rejected("id_unavailable", retry="never")),

    "Rules of the shop",
    Step("Uses the number of another sale", sale("a207", "A-101", "nube", "10.00"),
         rejected("unique_violation", "number", duplicate_of="a101")),
    Step("Takes the same coffee twice", goods("coffee again", "Coffee 500 g", "5"),
         rejected("unique_violation", "seller_id", "product", "day", duplicate_of="seller's coffee")),
    Step("Sells Luna more than they may owe", sale("a208", "A-208", "luna", "300.01"),
         rejected("credit_limit_exceeded", "total")),
    Step("Takes more for A-101 than it owes", payment("a101 rest", "a101", "50.01"), rejected("overpaid", "amount")),
    Step("Gives Nube credit, as managers do", update("customers", "nube", 1, credit_limit="900.00"),
         rejected("manager_required", "credit_limit")),
    Step("Deletes a payment, as managers do", delete("payments", "a101 part", 1), rejected("manager_required")),
    Step("Counts the manager's sugar", update("distributions", "manager's sugar", 1, quantity_sold="1"),
         rejected("not_your_distribution")),
    Step("Changes a sale that is closed", update("sales", "a100", 1, total="190.00"), rejected("sale_closed")),
    Step("Deletes a customer who has sales", delete("customers", "nube", 1), rejected("has_children", "id")),
])

EVENING = Scene(
    title="In the evening: the line drops as the answer arrives", phone=SELLER, network=Network.ANSWER_LOST, steps=[
    Step("Adds Panadería Alba", insert("customers", "alba", name="Panadería Alba"), applied(1)),
    Step("Sells bread moulds", sale("a209", "A-209", "alba", "48.00"), applied(1), group="moulds"),
    Step("… six of them", item("a209 moulds", "a209", "Bread mould", "6", "8.00"), applied(1), group="moulds"),
    Step("Takes too much for them", payment("a209 too much", "a209", "84.00"), rejected("overpaid", "amount")),
    Step("Takes the right amount", payment("a209 paid", "a209", "48.00", method="transfer"), applied(1)),
])

MENDING = Scene(title="The seller looks at what was refused, and mends it with new operations", phone=SELLER, steps=[
    Step("Sells rice, again", sale("a203", "A-203", "nube", "60.00"), applied(1), group="rice, again"),
    Step("… the sacks, again", item("a203 rice", "a203", "Rice 20 kg", "2", "30.00"), applied(1), group="rice, again"),
    Step("… paid, without the zero", payment("a203 paid", "a203", "60.00"), applied(1), group="rice, again"),
    Step("Renames Luna, knowing the new name", update("customers", "luna", 2, name="Luna & Sons"), applied(3)),
    Step("Says of Sol what stands there", update("customers", "sol", 4, notes="Rings twice."),
         nothing_to_write("unchanged", 4)),
    Step("An app's bug: an op_id used twice", insert("customers", "nube", name="Nube, again"),
         rejected("operation_id_reused", retry="never"), repeats="Adds Taquería Nube"),
])

DESK = Scene(title="The manager may do what the seller may not", phone=MANAGER, steps=[
    Step("Gives Sol credit", update("customers", "sol", 2, credit_limit="900.00"),
         applied(5, "merged", credit_limit="900.00", name="Abarrotes Sol")),
    Step("Deletes the payment", delete("payments", "a101 part", 1), applied(2)),
    Step("Voids a closed sale, saying no why", update("sales", "a100", 1, status="void"),
         rejected("void_reason_required", "void_reason")),
    Step("… and saying why", update("sales", "a100", 1, status="void", void_reason="Goods came back."), applied(2)),
])

SCENES = (MORNING, ELSEWHERE, MEANWHILE, QUEUE, EVENING, MENDING, DESK)
