// Routes are prefixes inside prefixes. They are flattened first: one walk over them in the order of
// their first address, with the prefixes that the walk is inside of on a stack, leaves pieces that
// do not overlap. Laying one table over another is then a merge of two sorted lists.
#include "firewall/route_map.h"

#include <algorithm>
#include <utility>

namespace weir::firewall {

RouteMap::RouteMap(Family family) : family_(family), width_(family == Family::v4 ? 32 : 128) {
  const Number last = width_ == 128 ? ~Number{0} : (Number{1} << static_cast<unsigned>(width_)) - 1;
  pieces_.push_back({.first = 0, .last = last, .result = {}});
}

RouteMap::Number RouteMap::number_of(const Address& address) const {
  Number number = 0;
  for (auto i = static_cast<std::size_t>(16 - width_ / 8); i < 16; ++i) {
    number = number << 8U | address.bytes()[i];
  }
  return number;
}

Address RouteMap::address_of(Number number) const {
  if (family_ == Family::v4) {
    return Address::v4(static_cast<std::uint32_t>(number));
  }
  in6_addr six{};
  for (std::size_t i = 16; i-- > 0; number >>= 8U) {
    six.s6_addr[i] = static_cast<std::uint8_t>(number & 0xffU);
  }
  return Address::v6(six);
}

// Ascending pieces for what some route is about.
std::vector<RouteMap::Piece> RouteMap::flatten(std::vector<RoutedPrefix> routes) const {
  std::stable_sort(routes.begin(), routes.end(), [](const RoutedPrefix& a, const RoutedPrefix& b) {
    if (a.prefix.address != b.prefix.address) {
      return a.prefix.address < b.prefix.address;
    }
    return a.prefix.length != b.prefix.length ? a.prefix.length < b.prefix.length
                                              : a.metric < b.metric;
  });
  std::vector<Piece> pieces;
  const auto write = [&](const Piece& piece) {
    if (!pieces.empty() && pieces.back().result == piece.result &&
        pieces.back().last + 1 == piece.first) {
      pieces.back().last = piece.last;
    } else {
      pieces.push_back(piece);
    }
  };
  // What the walk is inside of, the widest first; `first` moves to what is not written yet.
  struct Open {
    Piece rest;
    bool is_written = false;
  };
  std::vector<Open> inside;
  const auto leave = [&]() {
    const Open done = inside.back();
    inside.pop_back();
    if (!done.is_written) {
      write(done.rest);
    }
    if (!inside.empty()) {
      inside.back().rest.first = done.rest.last + 1;
      inside.back().is_written = done.rest.last == inside.back().rest.last;
    }
  };
  const RoutedPrefix* before = nullptr;
  for (const RoutedPrefix& route : routes) {
    if (before != nullptr && before->prefix == route.prefix) {
      continue;  // a higher metric
    }
    before = &route;
    const Number first = number_of(route.prefix.address);
    const auto host_bits = static_cast<unsigned>(width_ - route.prefix.length);
    const Number last = host_bits == 128 ? ~Number{0} : first | ((Number{1} << host_bits) - 1);
    while (!inside.empty() && inside.back().rest.last < first) {
      leave();
    }
    if (!inside.empty() && inside.back().rest.first < first) {
      const Piece& outer = inside.back().rest;
      write({.first = outer.first, .last = first - 1, .result = outer.result});
    }
    inside.push_back({.rest = {.first = first, .last = last, .result = route.result}});
  }
  while (!inside.empty()) {
    leave();
  }
  return pieces;
}

void RouteMap::add_table(std::vector<RoutedPrefix> routes) {
  const std::vector<Piece> below = flatten(std::move(routes));
  std::vector<Piece> merged;
  auto next = below.begin();
  for (const Piece& piece : pieces_) {
    if (piece.result.kind != RouteResult::Kind::none) {
      merged.push_back(piece);
      continue;
    }
    // The part of the gap that the table below has something about, and what is left of it.
    Number from = piece.first;
    bool open = true;
    while (next != below.end() && next->last < from) {
      ++next;
    }
    for (auto at = next; at != below.end() && at->first <= piece.last; ++at) {
      const Number first = std::max(at->first, from);
      const Number last = std::min(at->last, piece.last);
      if (first > from) {
        merged.push_back({.first = from, .last = first - 1, .result = {}});
      }
      merged.push_back({.first = first, .last = last, .result = at->result});
      open = last != piece.last;
      from = last + 1;
    }
    if (open) {
      merged.push_back({.first = from, .last = piece.last, .result = {}});
    }
  }
  pieces_ = std::move(merged);
}

std::optional<std::vector<Prefix>> RouteMap::destinations(const Wanted& wanted,
                                                          std::size_t max) const {
  std::vector<Prefix> out;
  for (auto at = pieces_.begin(); at != pieces_.end();) {
    if (!wanted(at->result)) {
      ++at;
      continue;
    }
    const Number first = at->first;
    Number last = at->last;
    for (++at; at != pieces_.end() && wanted(at->result); ++at) {
      last = at->last;
    }
    // The largest aligned block that fits, again and again.
    for (Number from = first;;) {
      unsigned bits = 0;
      while (bits < static_cast<unsigned>(width_)) {
        const unsigned wider = bits + 1;
        const Number mask = wider == 128 ? ~Number{0} : (Number{1} << wider) - 1;
        if ((from & mask) != 0 || (from | mask) > last) {
          break;
        }
        bits = wider;
      }
      if (out.size() == max) {
        return std::nullopt;
      }
      out.push_back(
          {address_of(from), static_cast<std::uint8_t>(static_cast<unsigned>(width_) - bits)});
      const Number mask = bits == 128 ? ~Number{0} : (Number{1} << bits) - 1;
      if ((from | mask) >= last) {
        break;
      }
      from = (from | mask) + 1;
    }
  }
  return out;
}

}  // namespace weir::firewall
