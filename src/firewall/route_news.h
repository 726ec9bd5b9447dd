// Hears over netlink that routes, policy rules, addresses or links changed, as far as rules hang on
// them, and says so: when to look anew, not what is there.
//
// Owned by the RuleReconciler; the firewall's thread, on its loop.
#pragma once

#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "base/netlink.h"
#include "firewall/route_survey.h"
#include "loop/loop.h"
#include "weir/result.h"

namespace weir::firewall {

// Whether one netlink message can change what a survey of that scope found.
[[nodiscard]] bool changes_survey(netlink::Bytes message, RouteSurvey::Scope scope);

class RouteNews {
 public:
  // `scope` is asked with every message.
  static Result<std::unique_ptr<RouteNews>> open(Loop& loop,
                                                 std::function<RouteSurvey::Scope()> scope,
                                                 std::function<void()> on_news);

 private:
  RouteNews(Descriptor socket, std::function<RouteSurvey::Scope()> scope,
            std::function<void()> on_news);
  void hear();

  Descriptor socket_;
  std::function<RouteSurvey::Scope()> scope_;
  std::function<void()> on_news_;
  std::unique_ptr<Poll> poll_;  // before its descriptor goes
};

}  // namespace weir::firewall
