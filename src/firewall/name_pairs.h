// Which pairs of a client and an address are in the sets that rules with `host` ask (name_rules.h
// says what belongs there), and what has to change when a client has looked something up.
//
// Remembers what it has put in, and until when: what is in no set needs no change to stay out, and
// no set takes more than `most`. It may take a pair for gone a moment before the kernel does: such
// a pair is taken out all the same.
//
// No I/O, no clock. One, in NameSets, whose lock it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "firewall/name_rules.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::firewall {

struct NamePair {
  Address client;
  Address address;
  friend bool operator==(const NamePair&, const NamePair&) = default;
  struct Hash {
    std::size_t operator()(const NamePair& pair) const {
      constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
      return static_cast<std::size_t>(hash_of(pair.client) * odd + hash_of(pair.address));
    }
  };
};

// The names under which a client knows an address, and until when.
struct PairNames {
  struct Name {
    std::shared_ptr<const std::string> text;
    Instant until;
  };
  std::vector<Name> names = {};
  bool are_all = true;  // false: there are more of them
};

struct NameSetChange {
  enum class What : std::uint8_t { put, take_out, take_out_all } what = What::put;
  std::shared_ptr<const std::string> set;  // as nft calls it
  NamePair pair = {};
  Milliseconds timeout{};  // put: how long it stays; one that is in stays so long from now on
  // The answer had better not leave before: what the kernel would decide without it is another
  // thing.
  bool is_urgent = true;
};

class NamePairs {
 public:
  // Of each set.
  static constexpr std::size_t most = 65'536;

  explicit NamePairs(std::size_t most_of_set = most) : most_(most_of_set) {}

  // These rules' sets from now on, besides those that there are. What is in a new one is not known,
  // and it takes no pair before it has been cleared.
  void add(const std::vector<NameRule>& rules);
  // No other sets than theirs.
  void keep(const std::vector<NameRule>& rules);
  [[nodiscard]] bool has_rules() const { return !sets_.empty(); }
  // Whatever is in the set of that name goes.
  void clear(const std::string& set, std::vector<NameSetChange>& out);
  enum class Which : std::uint8_t { all, unknown };
  [[nodiscard]] std::vector<std::string> sets(Which which) const;

  // The client knows the address by these names. Adds what has to change to `out`.
  // REQUIRES: both addresses are of one family.
  void decide(const NamePair& pair, const PairNames& known, Instant now,
              std::vector<NameSetChange>& out);
  // All that are in some set.
  [[nodiscard]] std::vector<NamePair> pairs() const;
  // Those that found a set full.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  struct Set {
    NameRule rule;
    std::shared_ptr<const std::string> name;
    Family family = Family::v4;
    std::unordered_map<NamePair, Instant, NamePair::Hash> pairs = {};  // until when
    Instant swept{};  // of those whose time is over
    bool is_known = false;
  };

  void put(Set& set, const NamePair& pair, Instant until, Instant now,
           std::vector<NameSetChange>& out);
  [[nodiscard]] bool has_room(Set& set, Instant now) const;

  std::size_t most_;
  std::vector<Set> sets_;
  std::uint64_t left_out_ = 0;
};

}  // namespace weir::firewall
