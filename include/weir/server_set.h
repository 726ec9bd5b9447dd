// The servers of one upstream as the resolver, the health checks and the reports see them. A policy
// with servers has one of these (src/upstream/pool.h makes it from the keys).
//
// Part of its upstream, which owns it. Main thread, but for is_up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "weir/check_terms.h"
#include "weir/handshake.h"
#include "weir/route.h"
#include "weir/server.h"
#include "weir/service.h"

namespace weir {

class ServerSet {
 public:
  ServerSet() = default;
  virtual ~ServerSet() = default;
  ServerSet(const ServerSet&) = delete;
  ServerSet& operator=(const ServerSet&) = delete;

  [[nodiscard]] virtual std::span<const std::shared_ptr<Server>> servers() const = 0;
  // Services whose records say which servers there are.
  [[nodiscard]] virtual std::span<const std::shared_ptr<Service>> services() const = 0;

  struct Terms {
    int weight = 1;
    bool is_backup = false;
    std::uint64_t max_flows = 0;   // 0: any number
    std::optional<Source> source;  // none: the upstream's
  };
  [[nodiscard]] virtual Terms terms_of(std::size_t server) const = 0;  // of servers()[server]

  // Equal on gateways that would choose alike; none where choices hang on more than the flow.
  [[nodiscard]] virtual std::optional<std::uint64_t> checksum() const = 0;
  // What a check = handshake says once it is connected; null: nothing.
  [[nodiscard]] virtual std::unique_ptr<Handshake> probe_handshake() const { return nullptr; }
  // How the servers are probed; null: they are not.
  [[nodiscard]] virtual const CheckTerms* check() const = 0;

  // False while every server is out.
  [[nodiscard]] virtual bool is_up() const = 0;

  // False when what it was laid out from (a service's records, an operator's weight) has changed:
  // it has to be made anew.
  [[nodiscard]] virtual bool is_current() const = 0;
  // The configuration it belongs to is in force from now on.
  virtual void enter_force() const = 0;
};

}  // namespace weir
