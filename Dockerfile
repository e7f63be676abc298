# The site and its workers. With TORCH_INDEX, an index that holds builds of torch for the CPU alone, the image is small;
# without it pip takes the builds with CUDA, for workers that have a GPU.
#   docker build --build-arg TORCH_INDEX=https://… -t ganerate .
#   docker build -t ganerate:cuda .
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS packages
ARG TORCH_INDEX=
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /venv \
    && if [ -n "$TORCH_INDEX" ]; then \
         grep -E '^torch(vision)?==' requirements.txt > torch.txt \
         && /venv/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" -r torch.txt; \
       fi \
    && /venv/bin/pip install --no-cache-dir -r requirements.txt \
    && find /venv -name __pycache__ -prune -exec rm -rf {} +

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/ganerate ganerate
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY ganerate ganerate
COPY marketplace marketplace
COPY generation generation
COPY templates templates
COPY static static
COPY locale locale
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 \
    GANERATE_VAR=/var/lib/ganerate
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Everything in one container. Several containers each say what they are: see compose.yaml.
CMD ["python", "manage.py", "run", "--host", "0.0.0.0"]
