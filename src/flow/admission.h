// Who may open a flow: the limits on flows, in all, per client and per rule, and the
// budget of descriptors. Shared by all workers, without a lock.
//
// TCP and UDP are counted apart, and each is sure of a part of the descriptors: a flood of
// datagrams never stops connections from being accepted, nor the other way round.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "account/reason.h"
#include "base/descriptor_shares.h"
#include "base/shared_counts.h"
#include "flow/snapshot.h"
#include "weir/units.h"

namespace weir {

class Admission {
 public:
  // `descriptors`: how many the process may open, RLIMIT_NOFILE.
  explicit Admission(std::uint64_t descriptors, std::uint64_t workers = 1);

  // What limits.max-flows is when it says auto: as many TCP flows as the descriptors are for.
  [[nodiscard]] std::uint64_t auto_max_flows() const { return descriptors_.most_connections(); }

  [[nodiscard]] std::uint64_t workers() const { return workers_; }

  enum class Verdict : std::uint8_t {
    admitted,
    max_flows,
    out_of_descriptors,
    max_flows_per_client,
    rule_max_flows,
    rule_max_flows_per_client,
  };
  // What of a flow is counted: its protocol, and whose it is (client_key()).
  struct Claim {
    Protocol protocol;
    std::uint64_t client;
  };
  // Counts the flow if it is admitted; release() with the same arguments when it ends.
  [[nodiscard]] Verdict admit(const Claim& flow, const RuleEntry& rule, const Limits& limits);
  void release(const Claim& flow, const RuleEntry& rule);
  // Counts a flow that somebody else admitted; likewise.
  void adopt(const Claim& flow, const RuleEntry& rule);

  // A descriptor for a server-side UDP socket.
  [[nodiscard]] bool take_udp_socket() { return descriptors_.take(Protocol::udp, 1); }
  // One that is there already.
  void adopt_udp_socket() { descriptors_.adopt(Protocol::udp, 1); }
  void give_back_udp_socket() { descriptors_.give_back(Protocol::udp, 1); }
  [[nodiscard]] bool udp_sockets_are_scarce() const {
    return descriptors_.are_scarce(Protocol::udp);
  }

  // How many flows that are done one worker may keep in case more comes: of every limit that counts
  // them, half is for the others. At most 16,384, for an idle socket costs the kernel 3 KiB.
  [[nodiscard]] std::uint64_t most_done(const RuleEntry& rule, const Limits& limits) const;

  [[nodiscard]] std::uint64_t live(Protocol protocol) const {
    return live_[static_cast<std::size_t>(protocol)].load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] static std::uint64_t key_of(const Claim& flow, std::uint64_t rule);
  void give_back_connection(Protocol protocol);

  std::uint64_t workers_;
  DescriptorShares descriptors_;
  std::atomic<std::uint64_t> live_[2]{};
  SharedCounts clients_;
};

[[nodiscard]] Reason reason_of(Admission::Verdict verdict);
// "max-flows reached", for the record's error.
[[nodiscard]] std::string_view text_of(Admission::Verdict verdict);

}  // namespace weir
