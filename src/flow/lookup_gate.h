// What has to know of a DNS answer before the client gets it, besides LearntNames: the firewall,
// which decides some flows by what their clients have looked up. A seam: workers know no firewall.
//
// One, owned by the Gateway; any worker calls it, and the main thread use().
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/mac.h"
#include "intercept/neighbours.h"
#include "sniff/dns_answer.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class LookupGate {
 public:
  virtual ~LookupGate() = default;
  LookupGate() = default;
  LookupGate(const LookupGate&) = delete;
  LookupGate& operator=(const LookupGate&) = delete;

  // Which addresses a device has: each of them may open what one of them has looked up.
  virtual void use(std::shared_ptr<const Neighbours> neighbours) = 0;

  struct Learnt {
    std::uint64_t ticket = 0;    // to wait for before the answer leaves; 0: it need not wait
    std::uint64_t left_out = 0;  // addresses that found no room
  };
  // LearntNames has what the client was told of these addresses. `device`: zero where none is
  // known.
  virtual Learnt learnt(const Address& client, const Mac& device,
                        std::span<const DnsAnswer::Entry> addresses, Instant now) = 0;
  // Waits, some milliseconds at the most. False: it takes longer; the answer leaves all the same.
  [[nodiscard]] virtual bool wait(std::uint64_t ticket) = 0;
};

}  // namespace weir
