#include "gateway/router_watch.h"

#include <utility>

#include "base/links.h"
#include "base/surroundings.h"

namespace weir {

RouterWatch::RouterWatch(Loop& loop, Log& log, Workers& workers, InForce& in_force)
    : loop_(loop), log_(log), workers_(workers), in_force_(in_force) {}

void RouterWatch::follow_neighbours() {
  auto watch = NeighbourWatch::start(
      loop_, [this](const std::shared_ptr<const Neighbours>& now) { workers_.use(now); });
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

// A port that joins a bridge, or leaves it, changes by which name its packets come in; so does a
// link that comes, goes or gets another name.
void RouterWatch::follow_links() {
  if (!in_force_.snapshot()->needs_interface()) {
    return;
  }
  const auto links = read_links();
  if (!links) {
    log_.warning("cannot read the links of this router: " + links.error().text());
  } else if (auto next = Snapshot::relink(*in_force_.snapshot(), links.value())) {
    in_force_.enter(next);
    workers_.post([next](Worker& self) { self.use(next); });
  }
}

void RouterWatch::tell_network() {
  follow_links();
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
