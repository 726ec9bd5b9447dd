// The policy `forward`: flows go to one of several servers, whatever their destination was. A
// server without a port gets the flow's destination port.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "upstream/pool.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr std::span<const Key> forward_keys{pool_keys};

class Forward final : public Upstream {
 public:
  Forward(UpstreamProfile profile, std::unique_ptr<const Pool> pool)
      : Upstream(std::move(profile)), pool_(std::move(pool)) {}

  [[nodiscard]] Route route(const Flow& flow,
                            std::span<const std::shared_ptr<Server>> tried) const override {
    return pool_->route(flow, profile(), tried);
  }
  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override {
    return pool_->candidates(flow);
  }
  [[nodiscard]] const ServerSet* server_set() const override { return pool_.get(); }

 private:
  std::unique_ptr<const Pool> pool_;
};

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& servers, const UpstreamLookup& others);

}  // namespace weir
