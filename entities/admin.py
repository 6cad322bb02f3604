"""The admin pages of every domain, where Django looks for them."""

import entities.accounts.admin
import entities.sales.admin  # noqa: F401 - both register
