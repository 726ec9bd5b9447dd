#include "gateway/router_watch.h"

#include <utility>

#include "base/surroundings.h"

namespace weir {

RouterWatch::RouterWatch(Loop& loop, Log& log, Workers& workers, KnownDevices& devices,
                         std::function<void()> on_network)
    : loop_(loop),
      log_(log),
      workers_(workers),
      devices_(devices),
      on_network_(std::move(on_network)) {}

void RouterWatch::follow_neighbours() {
  auto watch = NeighbourWatch::start(loop_, [this](const std::shared_ptr<const Neighbours>& now) {
    workers_.use(now);
    devices_.use(now);
  });
  if (watch) {
    neighbours_ = std::move(watch).value();
  } else {
    log_.warning("clients on the router's own links are told apart by their addresses alone: " +
                 watch.error().text());
  }
}

void RouterWatch::tell_policy_rules() {
  auto read = read_routing_rules();
  if (!read) {
    log_.warning("cannot read the policy rules of this router: " + read.error().text());
    return;
  }
  const auto rules = std::make_shared<const RoutingRules>(std::move(read).value());
  workers_.post([rules](Worker& one) { one.use_rules(rules); });
}

void RouterWatch::follow_network() {
  auto feed = NetworkFeed::open(loop_, [this]() { tell_network(); });
  if (feed) {
    feed_ = std::move(feed).value();
  } else {
    log_.warning("UDP flows will not follow changes of addresses and routes: " +
                 feed.error().text());
  }
  tell_network();
}

void RouterWatch::stop() {
  neighbours_.reset();
  feed_.reset();
}

void RouterWatch::tell_network() {
  on_network_();
  tell_policy_rules();
  auto read = Surroundings::read();
  if (!read) {
    log_.warning("cannot read the addresses of this router: " + read.error().text());
    return;
  }
  const auto now = std::make_shared<const Surroundings>(std::move(read).value());
  workers_.post([now](Worker& one) { one.network_changed(now); });
}

}  // namespace weir
