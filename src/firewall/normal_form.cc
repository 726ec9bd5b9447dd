#include "firewall/normal_form.h"

#include <algorithm>

namespace weir::firewall {

namespace {

bool covers(const Prefix& wide, const Prefix& narrow) {
  return wide.length <= narrow.length && wide.contains(narrow.address);
}

bool everything(std::span<const Prefix> prefixes) {
  return prefixes.size() == 1 && prefixes.front().length == 0;
}

struct Prefixes {
  std::vector<Prefix> in;
  std::vector<Prefix> out;
};

std::optional<Prefixes> side_of(const AddressCondition& condition, Family family) {
  Prefixes side{of_family(condition.include, family), of_family(condition.exclude, family)};
  if (!condition.include.empty() && side.in.empty()) {
    return std::nullopt;
  }
  if (everything(side.out)) {
    return std::nullopt;
  }
  if (everything(side.in)) {
    side.in.clear();
  }
  if (side.in.empty()) {
    return side;
  }

  // Prefixes are either disjoint or one covers the other, so that the last one out that starts at
  // or before a prefix is the only one that can cover it.
  std::vector<Prefix> left;
  for (const Prefix& prefix : side.in) {
    auto after =
        std::upper_bound(side.out.begin(), side.out.end(), prefix,
                         [](const Prefix& a, const Prefix& b) { return a.address < b.address; });
    if (after == side.out.begin() || !covers(*(after - 1), prefix)) {
      left.push_back(prefix);
    }
  }
  if (left.empty()) {
    return std::nullopt;
  }
  side.in = std::move(left);
  return side;
}

}  // namespace

Ports joined(std::vector<Ports::Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Ports::Range& a, const Ports::Range& b) { return a.first < b.first; });
  Ports ports;
  for (const Ports::Range& range : ranges) {
    if (!ports.empty() && range.first <= ports.ranges.back().last + 1) {
      ports.ranges.back().last = std::max(ports.ranges.back().last, range.last);
    } else {
      ports.ranges.push_back(range);
    }
  }
  return ports;
}

std::vector<Prefix> of_family(std::span<const Prefix> prefixes, Family family) {
  std::vector<Prefix> sorted;
  for (const Prefix& prefix : prefixes) {
    if (prefix.address.family() == family) {
      sorted.push_back(prefix);
    }
  }
  std::sort(sorted.begin(), sorted.end(), [](const Prefix& a, const Prefix& b) {
    return a.address == b.address ? a.length < b.length : a.address < b.address;
  });
  std::vector<Prefix> kept;
  for (const Prefix& prefix : sorted) {
    if (kept.empty() || !covers(kept.back(), prefix)) {
      kept.push_back(prefix);
    }
  }
  return kept;
}

std::optional<Addresses> addresses_of(const AddressCondition& client,
                                      const AddressCondition& destination, Family family) {
  std::optional<Prefixes> from = side_of(client, family);
  std::optional<Prefixes> to = side_of(destination, family);
  if (!from || !to) {
    return std::nullopt;
  }
  return Addresses{.client = std::move(from->in),
                   .not_client = std::move(from->out),
                   .destination = std::move(to->in),
                   .not_destination = std::move(to->out)};
}

}  // namespace weir::firewall
