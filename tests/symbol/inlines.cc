// Built by addresses_test.py in several ways: inlining, templates, lambdas, local functions, cold parts, tail merging.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace shop {
struct item {
  std::string name;
  long price;
  item(std::string n, long p) : name(std::move(n)), price(p) {}
  bool operator<(const item &other) const { return price < other.price; }
};

template <typename T> static inline T twice(T x) { return x + x; }
template <typename T> static inline T four_times(T x) { return twice(twice(x)); }

namespace {
long tax(long price) {
  if (price < 0)
    throw std::invalid_argument("a price below nothing");
  return price / 5;
}
} // namespace

class basket {
  std::vector<item> items;

public:
  void add(const std::string &name, long price) { items.emplace_back(name, price + tax(price)); }
  __attribute__((noinline)) long total() const {
    long sum = 0;
    for (const auto &i : items)
      sum += four_times(i.price);
    return sum;
  }
  void sort() {
    std::sort(items.begin(), items.end(), [](const item &a, const item &b) { return b < a; });
  }
};
} // namespace shop

static long fold(const std::function<long(long)> &f, long n) {
  struct helper {
    static long step(const std::function<long(long)> &f, long n) { return n == 0 ? 0 : f(n) + step(f, n - 1); }
  };
  return helper::step(f, n);
}

int main(int argc, char **) {
  shop::basket basket;
  for (int i = 0; i < 100 * argc; i++)
    basket.add("thing" + std::to_string(i * 7919 % 100), i);
  basket.sort();
  long factor = argc;
  std::printf("%ld %ld\n", basket.total(), fold([factor](long x) { return shop::twice(x) * factor; }, 10));
}
