"""Who may do what: users, businesses (the tenants) and the role a user has in a business."""
