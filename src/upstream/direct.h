// The policy `direct`: flows go on to their own destination. With source = client neither side sees
// that a gateway is between them. The built-ins `direct`, `transparent` and `bypass` are this too;
// what of `bypass` the firewall cannot decide alone goes on as `transparent`.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/upstream.h"

namespace weir {

inline constexpr std::span<const Key> direct_keys{};

class Direct final : public Upstream {
 public:
  Direct(UpstreamProfile profile, Offload offload)
      : Upstream(std::move(profile)), offload_(offload) {}

  [[nodiscard]] Route route(const Flow& flow,
                            std::span<const std::shared_ptr<Server>> tried) const override;
  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override;
  [[nodiscard]] Offload offload() const override { return offload_; }

 private:
  Offload offload_;
};

Result<std::shared_ptr<Upstream>> make_direct(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& pool, const UpstreamLookup& others);

}  // namespace weir
