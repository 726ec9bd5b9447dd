// Hands what clients have looked up to the firewall's sets of pairs (firewall/name_sets.h), before
// they hear the answer; and all of it when rules are put in place. A device is one client with all
// the addresses that the neighbour table has of it: what it asks over IPv4 it may open over IPv6.
//
// One, in the Gateway. Workers call it as their LookupGate, the firewall's thread fills the sets by
// it, the main thread makes it and tells it the neighbours.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/log.h"
#include "firewall/name_sets.h"
#include "flow/worker.h"
#include "gateway/use_firewall.h"
#include "intercept/neighbours.h"

namespace weir {

class LookedUpSets final : public LookupGate {
 public:
  // A device with more addresses has pairs for so many of them, whichever they are.
  static constexpr std::size_t most_addresses = 32;
  // Of one answer: a worker has other things to do.
  static constexpr std::size_t most_pairs = 256;

  // Only a gateway that keeps rules of its own has sets.
  LookedUpSets(const LearntNames& names, UseFirewall firewall, Log& log);
  // Null: there are none.
  [[nodiscard]] firewall::NameSets* sets() { return sets_.get(); }

  void use(std::shared_ptr<const Neighbours> neighbours) override;
  Learnt learnt(const Address& client, const Mac& device,
                std::span<const DnsAnswer::Entry> addresses, Instant now) override;
  [[nodiscard]] bool wait(std::uint64_t ticket) override { return sets_->wait(ticket); }

 private:
  [[nodiscard]] std::shared_ptr<const Neighbours> neighbours() const;
  [[nodiscard]] firewall::PairNames names_of(const LearntNames::Client& client,
                                             const Address& address, Instant now) const;
  [[nodiscard]] std::vector<firewall::NamePair> all() const;

  const LearntNames& names_;
  mutable std::mutex lock_;
  std::shared_ptr<const Neighbours> neighbours_;
  std::unique_ptr<firewall::NameSets> sets_;
};

}  // namespace weir
