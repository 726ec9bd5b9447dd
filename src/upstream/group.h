// The policy `group`: flows go on as one of several upstreams has it. With failover, as the first
// one has it that is up; else a balancer decides among those that are up. A member without a server
// to offer is passed over.
//
// Owner and threads: weir/upstream.h.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "balance/balance_key_source.h"
#include "balance/balancer.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr std::array group_keys{
    Key{.name = "members",
        .kind = ValueKind::list,
        .description = "upstreams and built-ins, but no groups",
        .need = Key::Need::required,
        .refers = Key::Refers::to_upstreams},
    Key{.name = "balance",
        .kind = ValueKind::word,
        .default_value = "failover",
        .description = "which member a flow gets: failover is the first that is up",
        .choices = "failover, round-robin, least-flows, random-two, source-hash, flow-hash"},
};

class Group final : public Upstream {
 public:
  Group(UpstreamProfile profile, std::vector<std::shared_ptr<Upstream>> members,
        const std::string& balance);

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const override;
  [[nodiscard]] std::span<const std::shared_ptr<Upstream>> dependencies() const override {
    return members_;
  }
  [[nodiscard]] bool is_up() const override;
  [[nodiscard]] Leads leads() const override;

 private:
  [[nodiscard]] Route do_route(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const override;

  class Choice;

  std::vector<std::shared_ptr<Upstream>> members_;
  std::unique_ptr<Balancer> balancer_;  // null: failover
  BalanceKeySource keys_;
};

Result<std::shared_ptr<Upstream>> make_group(const Settings& settings, UpstreamProfile profile,
                                             ServerPool& servers, const UpstreamLookup& others);

}  // namespace weir
