# The daily verbs. `.ci/run` is everything that a change has to pass.

# What there is.
default:
    @just --list

# What a change has to pass before anything else: format, lints, the fast tests.
quick:
    cargo fmt --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo test --locked --lib --test architecture --test check --test check_command --test schema

# Every test.
test *ARGS:
    cargo test --locked {{ARGS}}

# Every test without the patches of libzmq.
test-released:
    cargo test --locked --no-default-features

# The tests of runs and reloads at full length, with the optimised program.
soak *NAME:
    ZRIG_SOAK=1 cargo test --release --locked --test run --test reload -- {{NAME}} --nocapture

# Screenshots of every shipped topology in the live page, to look at: target/tmp/web-pictures/.
web-pictures:
    ZRIG_SOAK=1 cargo test --locked --test web every_topology -- --nocapture

# The book: the pages of docs/ as a site with search, in target/book/.
book:
    docs/book/build.sh

# The pictures of docs/, from what ships and from the recordings beside them.
pictures: (_python "docs/pictures/moving.py" "docs/pictures/first.mcap" "docs/pictures/first.svg")
    docs/guide/pictures.sh
    TZ=UTC target/debug/zrig recording docs/pictures/first.mcap --cut 2.4s..4.1s --picture docs/pictures/messages.svg

_python *ARGS:
    cargo build --locked
    $(tests/python/setup.sh) {{ARGS}}

# The guide's own programs, each in its part, from a checkout of the guide.
guide ZGUIDE *ARGS:
    tests/python/guide.py {{ZGUIDE}} {{ARGS}}

# The static program, libzmq and the C library inside: what the image of Containerfile holds.
static *ARGS:
    packaging/static.sh {{ARGS}}

# Archives, wheels, Debian and npm packages and the image around it: target/packages/.
packages *ARGS:
    packaging/build.py {{ARGS}}

# Checks and runs a topology where there is nothing but the static program, in namespaces.
root TOPOLOGY *ARGS:
    packaging/root.sh target/static/zrig {{TOPOLOGY}} {{ARGS}}

# Everything that a change has to pass, as continuous integration does it.
ci:
    .ci/run

# Times calls of handlers; a word picks those whose name has it.
bench *NAME:
    cargo bench --bench handler -- {{NAME}}

# Measures the whole program against its rivals.
compare *NAME:
    benches/compare.py {{NAME}}

# libzmq's own programs, as released and as built here.
upstream *ARGS:
    zmq-sys/upstream.py {{ARGS}}

# Ten million bytes of strangers', under sanitizers.
strangers:
    fuzz/strangers.sh

# Takes over snapshots that changed on purpose.
accept:
    INSTA_UPDATE=always cargo test --locked --lib --test check

# Advisories, licences and sources of the dependencies.
deny:
    cargo deny check
