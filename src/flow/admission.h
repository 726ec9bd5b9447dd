// Whether a flow may open: the limits on flows, in all, per client and per rule, and the
// descriptors.
//
// TCP and UDP are counted apart, and each is sure of a part of the descriptors: a flood of
// datagrams never stops connections from being accepted, nor the other way round.
//
// Each worker counts its own flows and holds them against limits that all share, in batches
// (batched_count.h): a flow writes nothing that other workers use, but once in a batch. Descriptors
// are taken ahead, in batches of their own, so that all workers together never have more than there
// are.
//
// One FlowTotals per process, any thread's. One Admission per worker, on its thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "account/reason.h"
#include "base/batched_count.h"
#include "base/descriptor_shares.h"
#include "base/shared_counts.h"
#include "flow/snapshot.h"
#include "weir/units.h"

namespace weir {

// What all workers share. Any thread, without a lock.
class FlowTotals {
 public:
  // `descriptors`: how many the process may open, RLIMIT_NOFILE.
  explicit FlowTotals(std::uint64_t descriptors, std::size_t workers = 1);

  // What limits.max-flows is when it says auto: as many TCP flows as the descriptors are for.
  [[nodiscard]] std::uint64_t auto_max_flows() const { return descriptors_.max_connections(); }
  [[nodiscard]] std::uint64_t workers() const { return parts_.size(); }
  // Flows now open, of all workers.
  [[nodiscard]] std::uint64_t live(Protocol protocol) const;

  // For a worker's Admission.
  [[nodiscard]] BatchedCount& live_of(Protocol protocol, std::size_t worker) {
    return parts_[worker].live[static_cast<std::size_t>(protocol)];
  }
  [[nodiscard]] PublishedCount& published(Protocol protocol) {
    return published_[static_cast<std::size_t>(protocol)];
  }
  [[nodiscard]] DescriptorShares& descriptors() { return descriptors_; }
  [[nodiscard]] SharedCounts& clients() { return clients_; }

 private:
  struct alignas(64) Part {
    std::array<BatchedCount, 2> live;
  };
  alignas(64) std::array<PublishedCount, 2> published_;
  std::vector<Part> parts_;
  SharedCounts clients_;  // what workers have published of clients
  alignas(64) DescriptorShares descriptors_;
};

// One worker's.
class Admission {
 public:
  Admission(FlowTotals& all, std::size_t worker);

  [[nodiscard]] std::uint64_t workers() const { return all_.workers(); }

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
  // Whose place the flow takes: that of the flow that this worker released last. Limits that count
  // both do not refuse it: what other workers have published since is no reason to lose two flows
  // for one.
  enum class Slot : std::uint8_t { its_own, of_another, of_the_same_client };
  // Counts the flow if it is admitted; release() with the same arguments when it ends.
  [[nodiscard]] Verdict admit(const Claim& flow, const RuleEntry& rule, const Limits& limits,
                              Slot slot = Slot::its_own);
  void release(const Claim& flow, const RuleEntry& rule);
  // Counts a flow that another process admitted; likewise.
  void adopt(const Claim& flow, const RuleEntry& rule);

  // A descriptor for a server-side UDP socket.
  [[nodiscard]] bool take_udp_socket() { return take(Protocol::udp, 1); }
  // One that is there already.
  void adopt_udp_socket() { all_.descriptors().adopt(Protocol::udp, 1); }
  void give_back_udp_socket() { give_back(Protocol::udp, 1); }
  [[nodiscard]] bool udp_sockets_are_scarce() const {
    return all_.descriptors().are_scarce(Protocol::udp);
  }

  // How many flows that are done one worker may keep in case more comes: of every limit that counts
  // them, half is for the others. At most 16,384, for an idle socket costs the kernel 3 KiB.
  [[nodiscard]] std::uint64_t max_done(const RuleEntry& rule, const Limits& limits) const;

 private:
  [[nodiscard]] static std::uint64_t key_of(const Claim& flow, std::uint64_t rule);
  [[nodiscard]] std::uint64_t batch(std::uint64_t limit) const {
    return batch_of(limit, all_.workers());
  }
  [[nodiscard]] bool add_client(std::uint64_t key, std::uint64_t limit, Slot slot);
  void subtract_client(std::uint64_t key);
  [[nodiscard]] bool add_in_rule(const RuleEntry& rule);
  void subtract_in_rule(const RuleEntry& rule);
  [[nodiscard]] bool add_live(Protocol protocol, std::uint64_t limit, Slot slot);
  void subtract_live(Protocol protocol);
  [[nodiscard]] bool take(Protocol protocol, std::uint32_t count);
  void give_back(Protocol protocol, std::uint32_t count);
  // How many descriptors to have ahead.
  [[nodiscard]] std::uint32_t kept(Protocol protocol) const;

  FlowTotals& all_;
  std::size_t worker_;
  // This worker's flows of each client, and of each in a rule that limits them.
  struct OfClient {
    BatchedCount flows;
    std::uint64_t batch = 1;  // of the limit when it was counted last
  };
  std::unordered_map<std::uint64_t, OfClient> clients_;
  std::uint32_t batch_of_descriptors_;
  std::array<std::uint32_t, 2> spare_{};  // descriptors that were taken ahead
  std::array<std::uint64_t, 2> batch_of_live_{1, 1};
};

[[nodiscard]] Reason reason_of(Admission::Verdict verdict);
// "max-flows reached", for the record's error.
[[nodiscard]] std::string_view text_of(Admission::Verdict verdict);

}  // namespace weir
