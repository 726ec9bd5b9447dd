// The sets of pairs that rules with `host` ask (name_rules.h), kept as what clients have looked up
// says: before a DNS answer leaves, its pairs are in or out. The names themselves are others': this
// asks for them.
//
// One, owned by the gateway, for as long as it keeps rules of nft. Any thread tells what was
// learnt, the firewall's thread which rules there are. A lock is held from the look at a pair's
// names to the moment when its changes stand in the writer's queue: of two that look at a pair, the
// later one knows more, and the kernel hears of it later.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "firewall/name_pairs.h"
#include "firewall/name_rules.h"
#include "firewall/name_set_writer.h"

namespace weir::firewall {

class NameSets {
 public:
  // Under which names a client knows an address.
  using NamesOf = std::function<PairNames(const NamePair&)>;
  // What all clients know: every pair with a name, and the names of each.
  struct Source {
    std::function<std::vector<NamePair>()> all;
    NamesOf names_of;
  };
  NameSets(Source source, std::unique_ptr<NameSetWriter> writer);

  // Whether what is learnt matters to any rule.
  [[nodiscard]] bool has_rules() const { return has_rules_.load(std::memory_order_relaxed); }
  struct Learnt {
    NameSetWriter::Ticket ticket = 0;  // to wait for before the client may act upon it; 0: nothing
    std::uint64_t left_out = 0;        // pairs that found a set full
  };
  // The names of these pairs may be others now.
  Learnt learnt(std::span<const NamePair> pairs, const NamesOf& names_of, Instant now);
  // False: the kernel is not that far, and the wait is over.
  static constexpr Milliseconds longest_wait{20};
  [[nodiscard]] bool wait(NameSetWriter::Ticket ticket) {
    return writer_->wait(ticket, longest_wait);
  }

  // In this order: rules are about to take the place of those that hold, whose sets are kept as
  // well; the sets stand, these are filled anew and the others follow; the rules hold, and no
  // others.
  void begin(const std::vector<NameRule>& rules);
  void fill(const std::vector<std::string>& anew);
  void finish(const std::vector<NameRule>& rules);
  // All of these, for sets that stand, of which nothing is known.
  void take_over(const std::vector<NameRule>& rules);

  // The netlink port that changes come from.
  [[nodiscard]] std::uint32_t port() const { return writer_->port(); }
  // Changes that the kernel has refused.
  [[nodiscard]] std::uint64_t refused() const { return writer_->refused(); }

 private:
  Learnt decide(std::span<const NamePair> pairs, const NamesOf& names_of, Instant now);

  Source source_;
  std::unique_ptr<NameSetWriter> writer_;
  mutable std::mutex lock_;
  NamePairs pairs_;
  std::atomic<bool> has_rules_{false};
};

}  // namespace weir::firewall
