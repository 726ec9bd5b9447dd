// The policy `direct`: flows go on to their own destination. With source = client neither side sees
// that a gateway is between them. The built-ins `direct`, `transparent` and `bypass` are this too;
// what of `bypass` the firewall cannot decide alone goes on as `transparent`.
//
// Owner and threads: weir/upstream.h.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "upstream/shared_keys.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr std::array direct_keys{proxy_protocol_key, proxy_protocol_udp_key,
                                        proxy_checksum_key, via_key};

class Direct final : public Upstream {
 public:
  Direct(UpstreamProfile profile, Offload offload)
      : Upstream(std::move(profile)), offload_(offload) {}

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const override;
  [[nodiscard]] Offload offload() const override { return offload_; }
  [[nodiscard]] Leads leads() const override;

 private:
  [[nodiscard]] Route do_route(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const override;

  Offload offload_;
};

Result<std::shared_ptr<Upstream>> make_direct(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& pool, const UpstreamLookup& others);

}  // namespace weir
