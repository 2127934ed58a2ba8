// A unit of the large program that symbol_bench.py makes: shelves of items, instantiated as often as DEPTH says. The
// object is stamped many times under other names (unit_0001, unit_0002, ...), so that a hundred megabytes of debug
// information cost one compilation.
#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace unit_0000
{

template <int N> struct item {
    int weight = N;
    std::string name;
    bool operator<(const item &other) const
    {
        return weight < other.weight || (weight == other.weight && name < other.name);
    }
};

template <int N> struct shelf {
    std::map<int, item<N>> by_number;
    std::unordered_map<std::string, std::vector<item<N>>> by_name;
    std::set<item<N>> ordered;
    std::list<std::shared_ptr<item<N>>> shared;

    void put(int number, const std::string &name)
    {
        item<N> made{number % 17, name};
        by_number[number] = made;
        by_name[name].push_back(made);
        ordered.insert(made);
        shared.push_back(std::make_shared<item<N>>(made));
    }
    long weigh(std::function<long(const item<N> &)> scale) const
    {
        long sum = 0;
        std::vector<item<N>> all;
        for (auto &entry : by_number)
            all.push_back(entry.second);
        std::sort(all.begin(), all.end());
        std::stable_sort(all.begin(), all.end(), [](const item<N> &a, const item<N> &b) { return a.name < b.name; });
        for (auto &one : all)
            sum += scale(one);
        for (auto &entry : by_name)
            sum += std::accumulate(entry.second.begin(), entry.second.end(), 0L,
                                   [](long s, const item<N> &i) { return s + i.weight; });
        return sum;
    }
};

template <int N> long fill(int n)
{
    shelf<N> s;
    for (int i = 0; i < n; i++)
        s.put(i * N, std::to_string(i));
    return s.weigh([n](const item<N> &i) { return long(i.weight) * n; }) + fill<N - 1>(n);
}
template <> long fill<0>(int n)
{
    return n;
}

long run(int n)
{
    return fill<DEPTH>(n);
}
} // namespace unit_0000
