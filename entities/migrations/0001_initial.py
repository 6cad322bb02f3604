"""The tables of the sales domain and its accounts, the walls between businesses, and the version triggers."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.utils.timezone
import entities.sales.validators
import sync.deletion
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from entities.tenancy import business_foreign_key, business_row, fixed_business_function
from sync.triggers import TrackVersions


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('sync', '0001_functions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Business',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, unique=True)),
            ],
            options={
                'verbose_name_plural': 'businesses',
                'db_table': 'businesses',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('external_id', models.CharField(blank=True, help_text='issuer|subject of the identity provider of this login; empty for a password login.', max_length=512, null=True, unique=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ('username',),
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(db_default=1, default=1, editable=False)),
                ('field_versions', models.JSONField(db_default={}, default=dict, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('write_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('name', models.CharField(max_length=200)),
                ('phone', models.CharField(blank=True, max_length=32, null=True)),
                ('address', models.TextField(blank=True, null=True)),
                ('tax_number', models.CharField(blank=True, max_length=32, null=True)),
                ('credit_limit', models.DecimalField(db_default=Decimal('0.00'), decimal_places=2, default=Decimal('0.00'), max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('notes', models.TextField(blank=True, null=True)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='entities.business')),
            ],
            options={
                'db_table': 'customers',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Distribution',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(db_default=1, default=1, editable=False)),
                ('field_versions', models.JSONField(db_default={}, default=dict, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('write_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('product', models.CharField(max_length=200)),
                ('day', models.DateField()),
                ('quantity_out', models.DecimalField(decimal_places=3, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('quantity_returned', models.DecimalField(db_default=Decimal('0.000'), decimal_places=3, default=Decimal('0.000'), max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('quantity_sold', models.DecimalField(db_default=Decimal('0.000'), decimal_places=3, default=Decimal('0.000'), max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='entities.business')),
                ('seller', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='distributions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'distributions',
                'ordering': ('-day', 'product'),
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('seller', 'Seller'), ('manager', 'Manager')], max_length=16)),
                ('active', models.BooleanField(default=True)),
                ('business', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='entities.business')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'memberships',
                'ordering': ('business__name', 'user__username'),
            },
        ),
        migrations.CreateModel(
            name='Sale',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(db_default=1, default=1, editable=False)),
                ('field_versions', models.JSONField(db_default={}, default=dict, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('write_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('number', models.CharField(max_length=32)),
                ('sold_at', models.DateTimeField()),
                ('total', models.DecimalField(decimal_places=2, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('status', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed'), ('void', 'Void')], db_default='open', default='open', max_length=8)),
                ('void_reason', models.TextField(blank=True, null=True)),
                ('notes', models.TextField(blank=True, null=True)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='entities.business')),
                ('customer', models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='Empty for a counter sale.', null=True, on_delete=sync.deletion.PROTECT_LIVING, related_name='sales', to='entities.customer')),
            ],
            options={
                'db_table': 'sales',
                'ordering': ('-sold_at',),
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(db_default=1, default=1, editable=False)),
                ('field_versions', models.JSONField(db_default={}, default=dict, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('write_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, validators=[entities.sales.validators.GreaterThanValidator(Decimal('0'))])),
                ('method', models.CharField(choices=[('cash', 'Cash'), ('card', 'Card'), ('transfer', 'Transfer'), ('other', 'Other')], db_default='cash', default='cash', max_length=8)),
                ('paid_at', models.DateTimeField()),
                ('notes', models.TextField(blank=True, null=True)),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='entities.business')),
                ('customer', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=sync.deletion.PROTECT_LIVING, related_name='payments', to='entities.customer')),
                ('sale', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=sync.deletion.PROTECT_LIVING, related_name='payments', to='entities.sale')),
            ],
            options={
                'db_table': 'payments',
                'ordering': ('-paid_at',),
            },
        ),
        migrations.CreateModel(
            name='SaleItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(db_default=1, default=1, editable=False)),
                ('field_versions', models.JSONField(db_default={}, default=dict, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('write_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('product', models.CharField(max_length=200)),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=12, validators=[entities.sales.validators.GreaterThanValidator(Decimal('0'))])),
                ('unit_price', models.DecimalField(decimal_places=2, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'), message='must be at least 0')])),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='entities.business')),
                ('sale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=sync.deletion.PROTECT_LIVING, related_name='items', to='entities.sale')),
            ],
            options={
                'db_table': 'sale_items',
                'ordering': ('sale', 'product'),
            },
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('business', 'tax_number'), name='customers_tax_number_unique', violation_error_message='Another customer of this business has this tax number.'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '\\S')), name='customers_name_not_blank'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('credit_limit__gte', 0)), name='customers_credit_limit_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('business', 'seller', 'product', 'day'), name='distributions_day_unique', violation_error_message='This seller has this product on this day already.'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(('product__regex', '\\S')), name='distributions_product_not_blank'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_out__gte', 0), ('quantity_returned__gte', 0), ('quantity_sold__gte', 0)), name='distributions_quantities_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_out__gte', django.db.models.expressions.CombinedExpression(models.F('quantity_returned'), '+', models.F('quantity_sold')))), name='distributions_balanced', violation_error_message='More returned and sold than handed out.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('business', 'user'), name='memberships_business_user_unique'),
        ),
        migrations.AddIndex(
            model_name='sale',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['customer'], name='sales_customer_living'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('business', 'number'), name='sales_number_unique', violation_error_message='Another sale of this business has this number.'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.CheckConstraint(condition=models.Q(('number__regex', '\\S')), name='sales_number_not_blank'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.CheckConstraint(condition=models.Q(('total__gte', 0)), name='sales_total_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('open', 'closed', 'void'))), name='sales_status_known'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'void'), _negated=True), models.Q(('void_reason__isnull', False), ('void_reason__regex', '\\S')), _connector='OR'), name='sales_void_has_reason', violation_error_message='A void sale needs a reason.'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['sale'], name='payments_sale_living'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['customer'], name='payments_customer_living'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('customer__isnull', False), ('sale__isnull', False), _connector='OR'), name='payments_have_target', violation_error_message='A payment names a customer, a sale, or both.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payments_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ('cash', 'card', 'transfer', 'other'))), name='payments_method_known'),
        ),
        migrations.AddIndex(
            model_name='saleitem',
            index=models.Index(condition=models.Q(('deleted_at', None)), fields=['sale'], name='sale_items_sale_living'),
        ),
        migrations.AddConstraint(
            model_name='saleitem',
            constraint=models.CheckConstraint(condition=models.Q(('product__regex', '\\S')), name='sale_items_product_not_blank'),
        ),
        migrations.AddConstraint(
            model_name='saleitem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='sale_items_quantity_positive'),
        ),
        migrations.AddConstraint(
            model_name='saleitem',
            constraint=models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='sale_items_unit_price_not_negative'),
        ),
        # By hand from here on: what Django's models cannot say.
        fixed_business_function(),
        *(business_row(table) for table in ("customers", "sales", "sale_items", "payments", "distributions")),
        business_foreign_key("sales", "customer_id", "customers"),
        business_foreign_key("sale_items", "sale_id", "sales"),
        business_foreign_key("payments", "customer_id", "customers"),
        business_foreign_key("payments", "sale_id", "sales"),
        business_foreign_key("distributions", "seller_id", "memberships", "user_id"),
        TrackVersions(
            "customer", ("name", "phone", "address", "tax_number", "credit_limit", "notes")
        ),
        TrackVersions(
            "sale", ("customer_id", "number", "sold_at", "total", "status", "void_reason", "notes")
        ),
        TrackVersions("saleitem", ("sale_id", "product", "quantity", "unit_price")),
        TrackVersions("payment", ("customer_id", "sale_id", "amount", "method", "paid_at", "notes")),
        TrackVersions(
            "distribution", ("seller_id", "product", "day", "quantity_out", "quantity_returned", "quantity_sold")
        ),
    ]
