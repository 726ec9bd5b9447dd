// The policy `forward`: flows go to one of several servers, in weighted turns, whatever their
// destination was. A server without a port gets the flow's destination port.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "balance/round_robin.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr std::array forward_keys{
    Key{.name = "server",
        .sentence = "a server: [NAME=]HOST[:PORT] [weight=N]",
        .repeat = Key::Repeat::repeats,
        .need = Key::Need::required},
    Key{.name = "balance",
        .kind = ValueKind::word,
        .standard = "round-robin",
        .sentence = "how flows are spread over the servers",
        .choices = "round-robin"},
};

class Forward final : public Upstream {
 public:
  struct Member {
    std::shared_ptr<Server> server;
    int weight = 1;
  };
  // REQUIRES: at least one member.
  Forward(UpstreamProfile profile, std::vector<Member> members);

  [[nodiscard]] Route route(const Flow& flow,
                            std::span<const std::shared_ptr<Server>> tried) const override;
  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override;
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const override {
    return servers_;
  }

 private:
  [[nodiscard]] bool usable(const Flow& flow, const Server& server, Address& address) const;

  std::vector<std::shared_ptr<Server>> servers_;
  std::vector<int> weights_;
  RoundRobin turns_;
};

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& pool, const UpstreamLookup& others);

}  // namespace weir
