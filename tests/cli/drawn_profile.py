"""Profiles drawn from a random source, with everything in them that real ones have seldom or never: odd ids, names and
units, locations without lines, negative values, labels of all kinds."""
import gzip

from made_profile import message, number, varint

NAMES = ["main", "main.main", "net/http.(*conn).serve", "github.com/a/b/v2.Func[...]", "github.com/x/y/v3/z.(*T).M",
         "std::vector<int, std::allocator<int> >::push_back", "ns::Class::~Class", "(anonymous namespace)::a::B::c",
         "java.util.HashMap.put(Ljava/lang/Object;)V", "com.x.Outer$Inner.<init>", "operator new(unsigned long)", "",
         "naïve::größe", "with space", 'quo"te', "back\\slash", "line\nbreak", "tab\there", "a.b.c.d", "runtime.mallocgc",
         "x", "y", "z", "日本", "core::ptr::drop_in_place<T>", "_start", "::", "..", "f::<u8>"]
FILES = ["", "/src/app/main.c", "/src/app/./work.c", "src/../src/x.go", "a//b.c", "/usr/local/go/src/runtime/proc.go",
         "./y.c", "/proc/self/cwd/z.c", "/usr/lib/usr/q.c", "/usr/usr/usr/r.c", "/src/a/src/b/src/s.c", "dir/", "C:\\w.c", "ünï.c"]
BINARIES = ["", "/bin/app", "/usr/lib/libc.so.6", "[vdso]", "app (deleted)", "//anon", "dir/"]
TYPES = [("samples", "count"), ("cpu", "nanoseconds"), ("alloc_space", "bytes"), ("inuse_space", "bytes"), ("delay", "ms"),
         ("contentions", "count"), ("odd", "furlongs"), ("none", ""), ("micro", "µs"), ("big", "GB"), ("gcu", "GCU"), ("h", "hours")]
KEYS = ["bytes", "request", "user", "shard", "alignment", "a", "pprof::base", "tab\tkey", "naïve", "latency"]
UNITS = ["", "", "bytes", "kilobytes", "ms", "s", "widgets"]
TEXTS = ["ann", "bob", "true", "x y", "", "größe", "tab\there", "5", "a,b"]


class DrawnProfile:
    def __init__(self, rng):
        self.rng = rng
        self.strings = {"": 0}
        self.body = b""
        types = rng.sample(TYPES, rng.randint(1, 4))
        for kind, unit in types:
            self.body += message(1, number(1, self.string(kind)) + number(2, self.string(unit)))
        self.ntypes = len(types)
        self.step = rng.choice([1, 1, 1, 3, 1000003])  # between ids
        self.mappings = self.tables(3, rng.randint(0, 3), self.mapping)
        self.functions = self.tables(5, rng.randint(1, 40), self.function)
        self.locations = self.tables(4, rng.randint(1, 60), self.location)
        for _ in range(rng.choice([0, 1, 5, 60, 60, 300])):
            self.body += message(2, self.sample())
        self.header(types)

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def maybe(self, probability, value, other=0):
        return value if self.rng.random() < probability else other

    def tables(self, field, count, make):
        ids = [1 + i * self.step for i in range(count)]
        if self.rng.random() < 0.2:
            self.rng.shuffle(ids)
        for i in ids:
            self.body += message(field, number(1, i) + make())
        return ids

    def mapping(self):
        rng = self.rng
        start = rng.randrange(1 << 40) & ~0xfff
        return (number(2, start) + number(3, start + rng.randrange(1 << 20)) + number(4, self.maybe(0.3, 0x1000)) +
                number(5, self.string(rng.choice(BINARIES))) + number(6, self.string(self.maybe(0.3, "abc123", ""))) +
                number(7, 1) + number(8, rng.randint(0, 1)) + number(9, rng.randint(0, 1)) + number(10, rng.randint(0, 1)))

    def function(self):
        rng = self.rng
        name = self.string(rng.choice(NAMES))
        return (number(2, name) + number(3, self.maybe(0.8, name, self.string("_Z1fv"))) +
                number(4, self.string(rng.choice(FILES))) + number(5, self.maybe(0.7, rng.randint(1, 60))))

    def location(self):
        rng = self.rng
        body = number(3, self.maybe(0.9, rng.randrange(1 << rng.choice([8, 24, 47, 64]))))
        if self.mappings:
            body += number(2, self.maybe(0.9, rng.choice(self.mappings)))
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            body += message(4, number(1, rng.choice(self.functions)) + number(2, self.maybe(0.9, rng.randint(1, 99))) +
                            number(3, self.maybe(0.3, rng.randint(1, 80))))
        return body + number(5, rng.random() < 0.05)

    def value(self):
        rng = self.rng
        return rng.choice([0, rng.randrange(1 << 12), rng.randrange(1 << 33), rng.randrange(1 << 33), -rng.randrange(1 << 30)]
                          if self.signed else [0, rng.randrange(1 << 20), rng.randrange(1 << 33), rng.randrange(1 << 33)])

    @property
    def signed(self):
        return self.step == 3

    def label(self):
        rng = self.rng
        body = number(1, self.string(rng.choice(KEYS)))
        if rng.random() < 0.5:
            return body + number(2, self.string(rng.choice(TEXTS)))
        return body + number(3, rng.choice([0, 1, 16, 4096, 4097, 1 << 20, rng.randrange(1 << 30), -5])) + \
            number(4, self.string(rng.choice(UNITS)))

    def sample(self):
        rng = self.rng
        depth = rng.choice([0, 1, 2, 5, 12])
        packed = b"".join(varint(rng.choice(self.locations)) for _ in range(depth))
        body = message(1, packed) + message(2, b"".join(varint(self.value()) for _ in range(self.ntypes)))
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            body += message(3, self.label())
        return body

    def header(self, types):
        rng = self.rng
        body = number(9, self.maybe(0.7, 1700000000000000000 + rng.randrange(1 << 50)))
        body += number(10, self.maybe(0.7, rng.choice([1, 999, 1500000, 30000000000, 5400000000000])))
        body += message(11, number(1, self.string(types[-1][0])) + number(2, self.string(types[-1][1])))
        body += number(12, rng.choice([0, 1, 10000000]))
        for _ in range(rng.choice([0, 0, 1, 2])):
            body += number(13, self.string(rng.choice(["a comment", "# for tools", "two\nlines", ""])))
        body += number(14, self.string(self.maybe(0.4, rng.choice(types)[0], "")))
        body += number(15, self.string(self.maybe(0.1, "https://example.com/doc", "")))
        body += number(7, self.string(self.maybe(0.1, "runtime.*", ""))) + number(8, self.string(self.maybe(0.05, "main", "")))
        self.body += body

    def write(self, path):
        texts = b"".join(message(6, text.encode()) for text in self.strings)
        data = self.body + texts
        with open(path, "wb") as file:
            file.write(gzip.compress(data) if self.rng.random() < 0.5 else data)
