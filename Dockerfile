# Two stages: the first installs, the second holds only what runs. No secrets in either: a container reads DATABASE_URL,
# SECRET_KEY, ALLOWED_HOSTS and the rest of config/settings.py from its environment.

FROM python:3.13-slim AS build
WORKDIR /srv
# What a server needs of requirements.lock: no development tools, no embedded Postgres.
COPY .docker/server.lock ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes -r server.lock
COPY manage.py ./
COPY config ./config
COPY sync ./sync
COPY entities ./entities
# Collecting static files asks no database; these values only satisfy the settings, and stay in this stage.
RUN SECRET_KEY=build DATABASE_URL=postgres://build@localhost/build TOKEN_KEYS=build:0123456789abcdef0123456789abcdef \
    /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q config sync entities

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PORT=8000 WORKERS=2 THREADS=8
RUN useradd --system --uid 10001 --no-create-home app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
WORKDIR /srv
USER app
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-m", "config.healthcheck"]
# `exec`, so that granian gets the signal to stop. Migrations are run on purpose: `manage.py migrate` in this image.
CMD ["sh", "-c", "exec granian --interface wsgi --host 0.0.0.0 --port $PORT --workers $WORKERS --blocking-threads $THREADS --no-ws config.wsgi:application"]
