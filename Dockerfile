# visard serve in a container: a plain user, the models inside, nothing fetched at run time.
#
#   docker build -t visard .
#   docker run --rm -p 127.0.0.1:8470:8470 -v visard-jobs:/jobs visard
FROM python:3.12-slim

RUN useradd --create-home --uid 10001 visard && install -d -o visard -m 700 /jobs
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir -c constraints.txt '.[serve]' && rm -rf /build

USER visard
WORKDIR /home/visard
ENV VISARD_MODELS=/home/visard/models PYTHONDONTWRITEBYTECODE=1
RUN visard models fetch && visard models verify

VOLUME /jobs
EXPOSE 8470
ENTRYPOINT ["visard"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/jobs", "--offline"]
