"""Admin pages of the sales domain.

An edit here passes structure, the CHECK constraints and the walls between businesses, and streams out to
clients like any other. The rules for clients (credit limits, closed sales, roles) do not bind it: the admin
is where a mistake that they would cement is put right.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest

from entities.accounts.actors import active_members
from entities.accounts.admin import business_asked_for
from entities.accounts.models import User
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem
from sync.admin.synced import LivingFilter, SyncedModelAdmin, SyncedModelForm


class BusinessAutocomplete(AutocompleteSelect):
    """Offers rows of one business, as soon as it is known which."""

    business_id: UUID | str | None = None

    def get_url(self) -> str:
        """Where the choices come from."""
        return f"{super().get_url()}?business={self.business_id}" if self.business_id else super().get_url()


class BusinessRowForm(SyncedModelForm):
    """A form whose references stay inside the business: an error beside the field, before the database's."""

    def clean(self) -> dict[str, Any] | None:
        """Errors: on the field that refers to a row of another business, a tombstone, or an outsider."""
        cleaned = super().clean()
        chosen = self.cleaned_data.get("business")
        business_id = chosen.pk if chosen else getattr(self.instance, "business_id", None)
        for name in {"customer", "sale", "seller"}.intersection(self.changed_data):
            parent = self.cleaned_data.get(name)
            if business_id and parent is not None and (fault := _fault(parent, business_id)):
                self.add_error(name, fault)
        return cleaned


def _fault(parent: Any, business_id: UUID) -> str | None:
    """Why a row of this business cannot refer to that one."""
    if isinstance(parent, User):
        is_member = active_members(business_id).filter(pk=parent.pk).exists()
        return None if is_member else "This person is no active member of the business."
    if parent.business_id != business_id:
        return "This row belongs to another business."
    return "This row is deleted." if parent.is_deleted else None


class BusinessRowAdmin(SyncedModelAdmin):
    """A page of rows that belong to a business, and stay there."""

    form = BusinessRowForm
    list_filter: ClassVar[Any] = (LivingFilter, "business")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The business is chosen once."""
        fixed = () if obj is None else ("business",)
        return (*fixed, *super().get_readonly_fields(request, obj))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Every reference is an autocomplete field that knows about businesses."""
        kwargs["widget"] = BusinessAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's
        """Tell the fields whose rows to offer: the row's business, or the one chosen or linked to so far."""
        form = super().get_form(request, obj, change, **kwargs)
        chosen = obj.business_id if obj else request.POST.get("business") or request.GET.get("business")
        for name, field in form.base_fields.items():
            widget = getattr(field.widget, "widget", None)
            if isinstance(widget, BusinessAutocomplete) and name != "business":
                widget.business_id = chosen
        return form

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A field of a row that belongs to a business offers rows of that business."""
        if business_id := business_asked_for(request):
            queryset = queryset.filter(business_id=business_id)
        return super().get_search_results(request, queryset, search_term)


@admin.register(Customer)
class CustomerAdmin(BusinessRowAdmin):
    """Customers."""

    fields = ("business", "name", "phone", "address", "tax_number", "credit_limit", "notes")
    list_display = ("name", "business", "phone", "tax_number", "credit_limit", "version", "updated_at")
    list_select_related = ("business",)
    search_fields = ("name", "phone", "tax_number")
    autocomplete_fields = ("business",)


@admin.register(Sale)
class SaleAdmin(BusinessRowAdmin):
    """Sales."""

    fields = (
        "business", "customer", "number", "sold_at", "total", "status", "void_reason", "notes",
    )  # fmt: skip
    list_display = ("number", "business", "customer", "sold_at", "total", "status", "version")
    list_filter = (LivingFilter, "status", "business")
    list_select_related = ("business", "customer")
    search_fields = ("number", "customer__name")
    autocomplete_fields = ("business", "customer")
    date_hierarchy = "sold_at"


@admin.register(SaleItem)
class SaleItemAdmin(BusinessRowAdmin):
    """The lines of sales."""

    fields = ("business", "sale", "product", "quantity", "unit_price")
    list_display = ("product", "sale", "business", "quantity", "unit_price", "version")
    list_select_related = ("business", "sale")
    search_fields = ("product", "sale__number")
    autocomplete_fields = ("business", "sale")


@admin.register(Payment)
class PaymentAdmin(BusinessRowAdmin):
    """Payments."""

    fields = ("business", "customer", "sale", "amount", "method", "paid_at", "notes")
    list_display = ("paid_at", "business", "customer", "sale", "amount", "method", "version")
    list_filter = (LivingFilter, "method", "business")
    list_select_related = ("business", "customer", "sale")
    search_fields = ("customer__name", "sale__number")
    autocomplete_fields = ("business", "customer", "sale")
    date_hierarchy = "paid_at"


@admin.register(Distribution)
class DistributionAdmin(BusinessRowAdmin):
    """Goods handed to sellers."""

    fields = (
        "business", "seller", "product", "day", "quantity_out", "quantity_returned", "quantity_sold",
    )  # fmt: skip
    list_display = (
        "day", "business", "seller", "product",
        "quantity_out", "quantity_returned", "quantity_sold", "version",
    )  # fmt: skip
    list_select_related = ("business", "seller")
    search_fields = ("product", "seller__username")
    autocomplete_fields = ("business", "seller")
    date_hierarchy = "day"
