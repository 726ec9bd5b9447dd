// The policies `reject` and `drop`: flows that go nowhere. Where the firewall can decide a rule's
// conditions it refuses these flows by itself and the gateway never sees them.
//
// Owner and threads: weir/upstream.h.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/upstream.h"

namespace weir {

class Verdict final : public Upstream {
 public:
  // REQUIRES: verdict is reject or drop.
  Verdict(UpstreamProfile profile, Route::Verdict verdict)
      : Upstream(std::move(profile)), verdict_(verdict) {}

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const override;
  [[nodiscard]] Offload offload() const override;

 private:
  [[nodiscard]] Route do_route(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const override;

  Route::Verdict verdict_;
};

Result<std::shared_ptr<Upstream>> make_reject(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& pool, const UpstreamLookup& others);
Result<std::shared_ptr<Upstream>> make_drop(const Settings& settings, UpstreamProfile profile,
                                            ServerPool& pool, const UpstreamLookup& others);

}  // namespace weir
