"""What offline clients may write in field sales, and the rules of the business: a file per entity.

Not here: structure (types, lengths, bounds: the models), figures (`balances`), and who belongs to a business
(`entities.accounts.actors`). Rules stand in the order in which the data dictionary names them: when two
refuse a change, the first one's code is the verdict.
"""

from entities.sales.handlers.customers import CustomerHandler
from entities.sales.handlers.distributions import DistributionHandler
from entities.sales.handlers.payments import PaymentHandler
from entities.sales.handlers.sale_items import SaleItemHandler
from entities.sales.handlers.sales import SaleHandler

__all__ = ["CustomerHandler", "DistributionHandler", "PaymentHandler", "SaleHandler", "SaleItemHandler"]
