// The policy `forward`: flows go to one of several servers, whatever their destination was. A
// server without a port gets the flow's destination port. Owner and threads: weir/upstream.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "upstream/pool.h"
#include "weir/upstream.h"

namespace weir {

class Forward final : public Upstream {
 public:
  Forward(UpstreamProfile profile, std::unique_ptr<const Pool> pool)
      : Upstream(std::move(profile)), pool_(std::move(pool)) {}

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const override {
    return pool_->describe(flow);
  }
  [[nodiscard]] const ServerSet* server_set() const override { return pool_.get(); }

 private:
  [[nodiscard]] Route do_route(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const override {
    return pool_->route(flow, target.endpoint.port, profile(), tried);
  }

  std::unique_ptr<const Pool> pool_;
};

extern const PolicyType forward_policy;

}  // namespace weir
