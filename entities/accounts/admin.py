"""Admin pages of users, businesses and memberships.

People and memberships end by becoming inactive: rows of the past name them, so no page deletes a membership.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from entities.accounts.models import Business, Membership, User

if TYPE_CHECKING:
    _BusinessAdmin = admin.ModelAdmin[Business]
    _MembershipAdmin = admin.ModelAdmin[Membership]
    _MembershipInline = admin.TabularInline[Membership, Any]
    _UserAdmin = DjangoUserAdmin[User]
else:
    _BusinessAdmin = _MembershipAdmin = admin.ModelAdmin
    _MembershipInline = admin.TabularInline
    _UserAdmin = DjangoUserAdmin


class MembershipInline(_MembershipInline):
    """Memberships on the page of their user or business: made here, ended by `active`."""

    model = Membership
    extra = 0
    can_delete = False
    autocomplete_fields = ("user", "business")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who is a member of what never changes; role and activity do, on the membership's own page."""
        return False


@admin.register(User)
class UserAdmin(_UserAdmin):
    """People who can log in."""

    list_display = ("username", "email", "is_active", "is_staff", "last_login")
    search_fields = ("username", "email", "first_name", "last_name", "external_id")
    inlines = (MembershipInline,)
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), ("External login", {"fields": ("external_id",)}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """A field of a row that belongs to a business offers its active members."""
        if business_id := business_asked_for(request):
            queryset = queryset.filter(memberships__business_id=business_id, memberships__active=True)
        return super().get_search_results(request, queryset, search_term)


@admin.register(Business)
class BusinessAdmin(_BusinessAdmin):
    """Tenants."""

    list_display = ("name", "id")
    search_fields = ("name",)
    readonly_fields = ("id",)
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(_MembershipAdmin):
    """Roles of users in businesses."""

    list_display = ("user", "business", "role", "active")
    list_filter = ("role", "active", "business")
    list_select_related = ("user", "business")
    search_fields = ("user__username", "business__name")
    autocomplete_fields = ("user", "business")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """Distributions refer to the pair, so it stays."""
        return ("user", "business") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Set `active` to off instead."""
        return False


def business_asked_for(request: HttpRequest) -> UUID | None:
    """The business whose rows an autocomplete field wants, when it says so."""
    if request.resolver_match is None or request.resolver_match.url_name != "autocomplete":
        return None
    try:
        return UUID(request.GET.get("business", ""))
    except ValueError:
        return None
