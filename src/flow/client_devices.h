// Who the clients of one worker's flows are: by the table that the main thread made last and, where
// a rule asks for a client of our own links that the table has no neighbour entry for, by the
// kernel. So the first flow from a new address, as IPv6 hosts take one every day, is decided like
// the next ones: the table follows its neighbour entry a tenth of a second later.
//
// What asking costs: nothing where no rule asks who the client is or which host it means, and
// nothing for clients behind other routers. Else two system calls, together 2 µs, once for an
// address until the table changes, at most 1,000 times a second. Of a client whose datagram came
// before the kernel has looked for it (TCP's handshake has seen to that), the kernel sends a
// solicitation, and the worker waits for the answer: a round trip on the link, 10 ms at most, ten
// times a second at most, so that what forges addresses takes no more than a tenth of a worker's
// time. Beyond these bounds, and without an answer, the table as it is decides.
//
// One per worker, lent to its flows; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/flow_facts.h"
#include "base/mac.h"
#include "base/surroundings.h"
#include "base/token_bucket.h"
#include "devices/device_table.h"
#include "flow/device_ref.h"
#include "weir/flow.h"

namespace weir {

class ClientDevices {
 public:
  // Asks the kernel which MAC an address has on a link; zero: it does not know. `may_wait`: it may
  // look for it, which takes its time.
  enum class Wait : std::uint8_t { no, yes };
  using AskKernel = std::function<Mac(const Address& address, std::uint32_t link, Wait may_wait)>;

  ClientDevices(const Instant& now, AskKernel ask);
  ClientDevices(const ClientDevices&) = delete;
  ClientDevices& operator=(const ClientDevices&) = delete;

  // Null: nothing is known of devices.
  void use(std::shared_ptr<const DeviceTable> table);
  // Which addresses are on our links. Null: that is not known, and the kernel is not asked.
  void use(std::shared_ptr<const Surroundings> links) { links_ = std::move(links); }

  // For rules that ask who the client is. What it gives is valid until the next call of use().
  [[nodiscard]] const ClientDevice& finder() const { return finder_; }
  // The same without asking the kernel, for flows that have been decided.
  [[nodiscard]] ClientDevice known_device() const;
  // The client's MAC; zero: none is known. Asks the kernel where the table has none, and does not
  // wait.
  [[nodiscard]] Mac mac_of(const Address& client);
  // For the flow's record: what is known by now.
  [[nodiscard]] DeviceRef ref_to(const Address& client);

 private:
  static constexpr std::size_t most_asked = 4096;

  [[nodiscard]] const Device* known(const Address& client) const;
  [[nodiscard]] const Device* find(const Flow& flow);
  [[nodiscard]] const Device* ask(const Flow& flow, const Device* before);
  [[nodiscard]] std::uint32_t link_to_ask_for(const Address& client);

  const Instant& now_;
  AskKernel ask_;
  ClientDevice finder_;
  std::shared_ptr<const DeviceTable> table_;
  std::shared_ptr<const Surroundings> links_;
  std::unordered_map<Address, Device, AddressHash> asked_;  // since the table came
  std::unordered_map<const Device*, DeviceRef> refs_;
  TokenBucket questions_{1'000, 1'000};
  TokenBucket waits_{10, 10};
};

}  // namespace weir
