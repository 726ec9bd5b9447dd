// The servers of one upstream and which of them a flow gets: for every policy that has servers. Its
// keys (pool_keys) belong into the policy's row.
//
// Servers stand in tiers: those without `backup` first, and among a service's records the lower
// priority numbers first. A flow goes to the first tier that has a usable server; the balancer
// decides within a tier. Only when no tier has one, ejected servers are better than none.
//
// Owned by its upstream; immutable. `route` is called from any worker.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "balance/balance_key_source.h"
#include "balance/balancer.h"
#include "upstream/server_key.h"
#include "weir/server_set.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr std::int64_t longest_pool_time = std::int64_t{24} * 3'600'000;
inline constexpr std::array pool_keys{
    Key{.name = "server",
        .description =
            "a server: [NAME=]HOST[:PORT] [weight=N] [backup] [max-flows=N] [source=...]; "
            "HOST may be srv:_SERVICE._PROTOCOL.NAME",
        .repeat = Key::Repeat::repeats,
        .need = Key::Need::required},
    Key{.name = "balance",
        .kind = ValueKind::word,
        .default_value = "round-robin",
        .description = "how flows are spread over the servers",
        .choices = balance_words},
    Key{.name = "check",
        .default_value = "none",
        .description = "how servers are probed: none, connect, handshake, or [udp] send:TEXT "
                       "expect:TEXT"},
    Key{.name = "check-interval",
        .kind = ValueKind::duration,
        .default_value = "2s",
        .description = "time between two probes of a server",
        .min = 100,
        .max = longest_pool_time},
    Key{.name = "check-timeout",
        .kind = ValueKind::duration,
        .default_value = "1s",
        .description = "a probe without an answer has failed after this",
        .min = 10,
        .max = longest_pool_time},
    Key{.name = "rise",
        .kind = ValueKind::number,
        .default_value = "2",
        .description = "probes that succeed in a row until a server is up again",
        .min = 1,
        .max = 100},
    Key{.name = "fall",
        .kind = ValueKind::number,
        .default_value = "3",
        .description = "probes that fail in a row until a server is down",
        .min = 1,
        .max = 100},
    Key{.name = "eject-after",
        .kind = ValueKind::number,
        .default_value = "5",
        .description = "flows that fail in a row until a server gets none for eject-time; 0: never",
        .min = 0,
        .max = 1'000'000},
    Key{.name = "eject-time",
        .kind = ValueKind::duration,
        .default_value = "10s",
        .description = "how long an ejected server gets no flows; then one goes there on trial",
        .min = 1,
        .max = longest_pool_time},
    Key{.name = "slow-start",
        .kind = ValueKind::duration,
        .default_value = "0s",
        .description = "time over which a server that came back regains its share",
        .min = 0,
        .max = longest_pool_time},
};

class Pool final : public ServerSet {
 public:
  // Reads the keys of pool_keys. `port` is that of servers which give none; 0: the one that is
  // wanted of them.
  static Result<std::unique_ptr<Pool>> make(const Settings& settings,
                                            const UpstreamProfile& profile, ServerPool& servers,
                                            Port port = 0);

  // What is said to a server by check = handshake. Before the pool is used.
  using MakeHandshake = std::function<std::unique_ptr<Handshake>()>;
  void probe_with(MakeHandshake make) { make_handshake_ = std::move(make); }
  [[nodiscard]] std::unique_ptr<Handshake> probe_handshake() const override {
    return make_handshake_ ? make_handshake_() : nullptr;
  }

  // `no_server`, or `dial` with everything that a server decides. With `via` a server by a name
  // that has no address here will do: the upstream that leads there resolves it.
  [[nodiscard]] Route route(const Flow& flow, Port port, const UpstreamProfile& profile,
                            std::span<const std::shared_ptr<Server>> tried) const;

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const;
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const override {
    return servers_;
  }
  [[nodiscard]] std::span<const std::shared_ptr<Service>> services() const override {
    return services_;
  }
  [[nodiscard]] Terms terms_of(std::size_t server) const override;
  [[nodiscard]] std::optional<std::uint64_t> checksum() const override;  // of all tiers
  [[nodiscard]] const CheckTerms* check() const override { return check_ ? &*check_ : nullptr; }
  [[nodiscard]] bool is_up() const override;
  [[nodiscard]] bool is_current() const override;
  void enter_force() const override;

 private:
  struct Member {
    int configured_weight = 1;
    int weight_in_file = 1;  // the same, or what stands at the line of its service
    int weight = 1;
    bool is_backup = false;
    std::uint32_t rank = 0;  // of a service's record: its priority's
    std::uint64_t max_flows = 0;
    std::optional<Source> source;
    SourceLocation location;
  };
  struct Tier {
    std::vector<std::uint16_t> members;
    std::unique_ptr<Balancer> balancer;
  };
  class Choice;

  Pool(ServerPool::Clock clock, Port port, std::string_view balance)
      : clock_(std::move(clock)), port_(port), keys_(balance) {}
  static bool is_rewritten(const Member& member, const Server& server);
  static Member member_of(const ServerKey& key, const SourceLocation& location);
  Result<Ok> add(const std::vector<Value>& lines, const std::string& upstream, ServerPool& servers);
  void add_service(const std::string& name, const Member& like, const std::string& upstream,
                   ServerPool& servers, std::set<std::string>& names);
  void add_server(const Server::Identity& identity, Member member, ServerPool& servers);
  void lay_out(std::string_view balance);
  [[nodiscard]] std::optional<std::size_t> pick(Choice& choice, const BalanceKey& key) const;
  [[nodiscard]] const Source& source_of(std::size_t member, const UpstreamProfile& profile) const {
    return members_[member].source ? *members_[member].source : profile.source;
  }

  ServerPool::Clock clock_;
  Port port_;
  std::vector<std::shared_ptr<Server>> servers_;  // as in the configuration
  std::vector<Member> members_;                   // of each
  std::vector<Tier> tiers_;
  std::vector<std::shared_ptr<Service>> services_;
  bool is_led_to_ = false;               // by the upstream's via, which may resolve what we cannot
  std::vector<std::uint64_t> versions_;  // of each service, when this was laid out
  std::optional<CheckTerms> check_;
  MakeHandshake make_handshake_;
  ServerHealth::Terms health_;
  BalanceKeySource keys_;
  bool counts_load_ = false;
};

}  // namespace weir
