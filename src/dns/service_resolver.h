// Keeps the lists of services fresh (SRV records): asks, publishes what has changed to the Service,
// and asks again when the TTL, held within min-ttl and max-ttl, has run out; after a list that
// changed, which lays its upstreams out anew, not before `shortest_life`. While a refresh fails the
// last good list stays. Part of the Resolver, which has the channel.
//
// Main thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "dns/channel.h"
#include "dns/name_answers.h"
#include "loop/loop.h"
#include "weir/service.h"

namespace weir {

class ServiceResolver {
 public:
  static constexpr std::chrono::seconds shortest_life{5};

  // What the Resolver has now: both may change.
  struct Callbacks {
    std::function<DnsChannel&()> channel;
    std::function<RefreshBounds()> bounds;
  };
  ServiceResolver(Loop& loop, Log& log, Callbacks callbacks);

  // Until it has no other holder. Does nothing for one that it has.
  void track(const std::shared_ptr<Service>& service);
  // When the services that have a list are to be asked again.
  [[nodiscard]] std::map<std::string, Instant> known() const;
  // Of another process: track() does not ask for them at once.
  void adopt(std::map<std::string, Instant> due) { inherited_ = std::move(due); }
  // The channel is another one: lookups that went on are begun again.
  void ask_again();

  // Called after some list has changed.
  std::function<void()> on_change;

 private:
  struct Name {
    std::weak_ptr<Service> service;
    Instant due{};
    int failures = 0;       // in a row
    bool too_many = false;  // more servers than are taken: was said
    bool asking = false;
  };

  void ask(const std::string& name);
  void take(const std::string& name, const ServiceAnswer& answer);
  void say_left_out(const std::string& name, const ServiceAnswer& answer);
  void ask_what_is_due();
  void set_timer();

  Log& log_;
  Callbacks callbacks_;
  std::map<std::string, Name> names_;
  std::map<std::string, Instant> inherited_;
  Timer next_;
};

}  // namespace weir
