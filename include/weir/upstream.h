// An upstream decides how flows go on, and never moves payload.
//
// Adding a policy is one new file in src/upstream/, one row in src/upstream/registry.cc, its tests
// and its docs. The row carries the name, the keys and the factory; parsing, `weir check`, and the
// reference read the same row. Nothing outside src/upstream/ names a policy.
//
// Held by each snapshot that has it, and gone with the last; immutable, and shared by all workers.
// `route` is called from any worker thread; what has to be live (a server's addresses, its weight,
// the turn of a round-robin) is atomic.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/flow.h"
#include "weir/result.h"
#include "weir/route.h"
#include "weir/server.h"
#include "weir/server_set.h"
#include "weir/settings.h"

namespace weir {

// How long one server-side UDP socket serves: one flow, or everything that one client ip:port sends
// (endpoint-independent mapping and filtering, RFC 4787, sections 4.1 and 5).
enum class Mapping : std::uint8_t { per_flow, per_client };

// What a proxy is told of a flow's destination: its address, or the name that the client means,
// where it is known.
enum class ToProxy : std::uint8_t { address, host };

class Upstream;
class ProxyHeader;  // src/upstream: how the PROXY protocol is spoken

// What every upstream has, whatever its policy.
struct UpstreamProfile {
  std::string name;
  std::string type;
  Source source = {};
  SocketOptions options = {};
  Mapping mapping = Mapping::per_flow;
  std::uint32_t attempts = 1;  // the first one and its retries
  ToProxy to_proxy = ToProxy::address;
  std::shared_ptr<const ProxyHeader> proxy_header = {};  // null: none is sent
  std::shared_ptr<Upstream> via = {};                    // null: reached directly
};

class Upstream {
 public:
  explicit Upstream(UpstreamProfile profile) : profile_(std::move(profile)) {}
  virtual ~Upstream() = default;
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // How to reach this flow's destination, not counting servers that were tried for it already.
  [[nodiscard]] Route route(const Flow& flow, std::span<const std::shared_ptr<Server>> tried) const;
  // The same for a target other than the destination, with the upstream's own `via` and PROXY
  // header, around what its policy answers.
  [[nodiscard]] Route route_to(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const;

  // For `explain`: what `route` could answer, without taking a turn. One line each.
  [[nodiscard]] virtual std::vector<std::string> describe(const Flow& flow) const = 0;

  // The servers it has, if any.
  [[nodiscard]] virtual const ServerSet* server_set() const { return nullptr; }
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const {
    return server_set() != nullptr ? server_set()->servers()
                                   : std::span<const std::shared_ptr<Server>>{};
  }
  // False while every server of it is out; what has none is always up. Any thread.
  [[nodiscard]] virtual bool is_up() const {
    return server_set() == nullptr || server_set()->is_up();
  }

  // The upstreams that this one goes through (members, `via`): it is the same as before a reload
  // only if they are.
  [[nodiscard]] virtual std::span<const std::shared_ptr<Upstream>> dependencies() const {
    return {&profile_.via, profile_.via ? 1U : 0U};
  }

  // Whether what the section names outside of itself (a password file) is still as it was read: a
  // reload keeps the upstream only then. Main thread.
  [[nodiscard]] virtual bool is_up_to_date(const Settings&) const { return true; }

  // How the policy carries datagrams: as they are, through a relay that a server opens, or not.
  enum class Datagrams : std::uint8_t { direct, relayed, none };
  [[nodiscard]] virtual Datagrams datagrams() const { return Datagrams::direct; }

  // What the firewall can do alone for a whole rule, without the gateway seeing a packet.
  enum class Offload : std::uint8_t { none, bypass, reject, drop };
  [[nodiscard]] virtual Offload offload() const { return Offload::none; }

  // Whether its flows go where their clients sent them, by the router's own routing.
  enum class Leads : std::uint8_t {
    elsewhere,  // to servers of the upstream's
    perhaps,    // to their destination, but some of them, or by another egress (mark, interface)
    to_destination,  // all of them, by the route that plain routing would take
  };
  [[nodiscard]] virtual Leads leads() const { return Leads::elsewhere; }

  // Both, for a rule that uses it.
  struct Handling {
    Offload offload = Offload::none;
    Leads leads = Leads::elsewhere;
    friend bool operator==(const Handling&, const Handling&) = default;
  };
  [[nodiscard]] Handling handling() const { return {.offload = offload(), .leads = leads()}; }

  [[nodiscard]] const UpstreamProfile& profile() const { return profile_; }
  [[nodiscard]] const std::string& name() const { return profile_.name; }

 protected:
  // The policy's one answer: how `target` is reached.
  [[nodiscard]] virtual Route do_route(const Flow& flow, const Target& target,
                                       std::span<const std::shared_ptr<Server>> tried) const = 0;

 private:
  UpstreamProfile profile_;
};

// Finds another upstream of the same configuration, or a built-in, by its name, wherever it stands
// in the file. An error without a place says what is wrong with naming it here (no upstream has
// that name; it leads back to the one that asks); one with a place is the other section's and
// passed on as it is.
using UpstreamLookup = std::function<Result<std::shared_ptr<Upstream>>(std::string_view name)>;

// A row of the registry.
struct PolicyType {
  std::string_view name;  // `type =`
  std::string_view description;
  std::span<const Key> keys;
  // Settings are already checked against `keys`. An error names the line that is wrong. A key that
  // names other upstreams says so in its row (Key::Refers).
  Result<std::shared_ptr<Upstream>> (*make)(const Settings& settings, UpstreamProfile profile,
                                            ServerPool& pool, const UpstreamLookup& others);
};

}  // namespace weir
