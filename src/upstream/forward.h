// The policy `forward`: flows go to one of several servers, in weighted turns, whatever their
// destination was. A server without a port gets the flow's destination port.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "balance/round_robin.h"
#include "upstream/way_keys.h"
#include "weir/upstream.h"

namespace weir {

// The keys of every policy that has servers.
inline constexpr Key server_key{.name = "server",
                                .sentence = "a server: [NAME=]HOST[:PORT] [weight=N]",
                                .repeat = Key::Repeat::repeats,
                                .need = Key::Need::required};
inline constexpr Key balance_key{.name = "balance",
                                 .kind = ValueKind::word,
                                 .standard = "round-robin",
                                 .sentence = "how flows are spread over the servers",
                                 .choices = "round-robin"};

inline constexpr std::array forward_keys{server_key,         balance_key,
                                         proxy_protocol_key, proxy_protocol_udp_key,
                                         proxy_checksum_key, via_key};

class Forward final : public Upstream {
 public:
  struct Member {
    std::shared_ptr<Server> server;
    int weight = 1;
  };
  // REQUIRES: at least one member.
  Forward(UpstreamProfile profile, std::vector<Member> members);

  // What `route` is made of, without PROXY header and `via`: for policies that say something to the
  // server that was picked.
  [[nodiscard]] Route pick(const Flow& flow, Port standard_port,
                           std::span<const std::shared_ptr<Server>> tried) const;
  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override;
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const override {
    return servers_;
  }

 private:
  [[nodiscard]] Route reach(const Flow& flow, const Target& target,
                            std::span<const std::shared_ptr<Server>> tried) const override;
  [[nodiscard]] bool usable(const Flow& flow, const Server& server, Address& address) const;

  std::vector<std::shared_ptr<Server>> servers_;
  std::vector<int> weights_;
  RoundRobin turns_;
};

// The servers that a section lists, as the policies with servers have them all.
Result<std::shared_ptr<Forward>> make_servers(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& pool);

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& pool, const UpstreamLookup& others);

}  // namespace weir
