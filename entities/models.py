"""The models of every domain, where Django looks for them."""

from entities.accounts.models import Business, Membership, User
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem

__all__ = ["Business", "Customer", "Distribution", "Membership", "Payment", "Sale", "SaleItem", "User"]
