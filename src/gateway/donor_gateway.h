// What this gateway hands over to a successor: says what it is, quiesces its workers, and leaves
// what is the successor's then.
//
// One, owned by the Gateway once it serves; main thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/log.h"
#include "gateway/in_force.h"
#include "gateway/own_firewall.h"
#include "gateway/takeover_donor.h"
#include "gateway/workers.h"
#include "intercept/service_manager.h"

namespace weir {

class DonorGateway final : public TakeoverDonor::Gateway {
 public:
  // What it hands over.
  struct Parts {
    InForce& in_force;
    OwnFirewall& firewall;
    Workers& workers;
    const LearntNames& names;
    ServiceManager& service_manager;
  };
  struct Callbacks {
    // By which clock live flows are where the rules want them.
    std::function<std::chrono::sys_seconds()> flows_as_of;
    std::function<Result<>()> may_offer;  // nothing else is under way; or what is
    std::function<Result<>()> still_may;
    // A successor serves: the gateway drains, and no longer speaks for the service.
    std::function<void()> handed_over;
    std::function<void()> left;  // the control socket is the successor's
  };

  // `process`: of the flows' ids. `earlier`: see earlier_numbers().
  DonorGateway(Log& log, const Parts& parts, Callbacks callbacks, std::uint64_t process,
               std::vector<std::uint64_t> earlier);

  [[nodiscard]] Result<Offer> offer() override;
  [[nodiscard]] Result<> still_may() override { return callbacks_.still_may(); }
  [[nodiscard]] std::size_t workers() override { return parts_.workers.all().size(); }
  void quiesce(Quiesced quiesced) override;
  [[nodiscard]] std::vector<std::uint64_t> earlier_numbers() override { return earlier_; }
  [[nodiscard]] std::vector<takeover::GatewayState::LookedUp> looked_up_since() override;
  void withdrawn() override;
  void handed_over(pid_t successor, std::uint64_t flows) override;
  void left() override { callbacks_.left(); }

  // Of the process that has taken over; 0: none has.
  [[nodiscard]] pid_t successor() const { return successor_; }

 private:
  [[nodiscard]] std::vector<takeover::GatewayState::LookedUp> describe_names(
      Instant since, std::size_t most_bytes) const;

  Log& log_;
  Parts parts_;
  Callbacks callbacks_;
  std::uint64_t process_;
  std::vector<std::uint64_t> earlier_;
  Instant offered_{};
  pid_t successor_ = 0;
};

}  // namespace weir
