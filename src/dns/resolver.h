// Keeps the addresses of named servers fresh: looks each name up (A and AAAA) without blocking,
// publishes the answer to the Server, and asks again when the TTL, held within min-ttl and max-ttl,
// has run out. While a refresh fails the last good answer stays.
//
// One, owned by InForce; main thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/configuration.h"
#include "base/log.h"
#include "dns/name_answers.h"
#include "loop/loop.h"
#include "weir/server.h"
#include "weir/service.h"

namespace weir {

class Resolver {
 public:
  static Result<std::unique_ptr<Resolver>> make(Loop& loop, const DnsSettings& settings,
                                                Mark bypass, Log& log);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Resolves a named server now and from now on, until it has no other holder. Does nothing for a
  // server it already has.
  void track(const std::shared_ptr<Server>& server);

  // Keeps a service's list of servers fresh, likewise.
  void track(const std::shared_ptr<Service>& service);
  // Called after some service's list has changed.
  void on_services_changed(std::function<void()> changed);

  // For another process: what is known of the names that have an answer. From another process: goes
  // on with what that one knew, which is asked again when due; before anything is tracked.
  struct Known {
    std::vector<KnownName> names;
    std::map<std::string, Instant> services;  // when they are due; their lists are the Services'
  };
  [[nodiscard]] Known known() const;
  void adopt(Known known);

  // New servers, new bounds; names keep their answers.
  Result<> reconfigure(const DnsSettings& settings);

 private:
  struct State;
  explicit Resolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
