#include "upstream/group.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/server_counts.h"

namespace weir {

// The members as the balancer sees them for one flow. A route is taken to find out whether a member
// has one, and kept: taking it twice would cost the member's balancer two turns.
class Group::Choice final : public Candidates {
 public:
  enum class Pass : std::uint8_t { up, any };

  Choice(const Group& group, const Flow& flow, const Target& target,
         std::span<const std::shared_ptr<Server>> tried)
      : group_(group), flow_(flow), target_(target), tried_(tried) {}

  [[nodiscard]] bool usable(std::size_t index) const override {
    const Upstream& member = *group_.members_[index];
    if (pass == Pass::up && !member.is_up()) {
      return false;
    }
    if (found_ != &member) {
      route = member.route_to(flow_, target_, tried_);
      route.member = &member;
      found_ = &member;
    }
    return route.verdict != Route::Verdict::no_server;
  }
  // Flows of the member's servers; a member without servers has no known load.
  [[nodiscard]] std::uint64_t load(std::size_t index) const override {
    std::uint64_t sum = 0;
    for (const auto& server : group_.members_[index]->servers()) {
      sum += server->counts().live();
    }
    return sum;
  }

  Pass pass = Pass::up;
  mutable Route route;  // of the last one that was usable

 private:
  const Group& group_;
  const Flow& flow_;
  const Target& target_;
  std::span<const std::shared_ptr<Server>> tried_;
  mutable const Upstream* found_ = nullptr;
};

Group::Group(UpstreamProfile profile, std::vector<std::shared_ptr<Upstream>> members,
             const std::string& balance)
    : Upstream(std::move(profile)), members_(std::move(members)), keys_(balance) {
  std::vector<Candidate> candidates;
  for (const auto& member : members_) {
    candidates.push_back({.name = member->name()});
  }
  balancer_ = make_balancer(balance, candidates);
}

Route Group::do_route(const Flow& flow, const Target& target,
                      std::span<const std::shared_ptr<Server>> tried) const {
  const BalanceKey key = keys_.key_of(flow);
  Choice choice(*this, flow, target, tried);
  // When no member is up, ejected servers are better than none.
  for (const auto pass : {Choice::Pass::up, Choice::Pass::any}) {
    choice.pass = pass;
    if (balancer_) {
      if (const auto chosen = balancer_->choose(choice, key); chosen && choice.usable(*chosen)) {
        return std::move(choice.route);
      }
      continue;
    }
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (choice.usable(i)) {
        return std::move(choice.route);
      }
    }
  }
  Route none;
  none.verdict = Route::Verdict::no_server;
  return none;
}

std::vector<std::string> Group::describe(const Flow& flow) const {
  std::vector<std::string> out;
  for (const auto& member : members_) {
    const auto its = member->describe(flow);
    if (its.empty()) {
      out.push_back(member->name());
    }
    for (const auto& candidate : its) {
      out.push_back(member->name() + ": " + candidate);
    }
  }
  return out;
}

bool Group::is_up() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->is_up(); });
}

// A member that has a server of its own can serve where the others have no route.
Upstream::Leads Group::leads() const {
  const auto count = [this](Leads leads) {
    return static_cast<std::size_t>(std::count_if(
        members_.begin(), members_.end(), [=](const auto& one) { return one->leads() == leads; }));
  };
  if (count(Leads::to_destination) == members_.size()) {
    return Leads::to_destination;
  }
  return count(Leads::elsewhere) == members_.size() ? Leads::elsewhere : Leads::perhaps;
}

Result<std::shared_ptr<Upstream>> make_group(const Settings& settings, UpstreamProfile profile,
                                             ServerPool& /*servers*/,
                                             const UpstreamLookup& others) {
  for (const std::string_view key : {"source", "mark", "interface", "dscp", "mapping"}) {
    if (settings.given(key)) {
      return Error("'" + std::string(key) + "' is for the members of a group, not for the group",
                   settings.location_of(key));
    }
  }
  std::vector<std::shared_ptr<Upstream>> members;
  std::set<std::string> names;
  for (const Value& value : settings.all("members")) {
    for (const Value& item : value.items) {
      auto member = others(item.text);
      if (!member) {
        const Error& error = member.error();
        return error.location().file.empty() ? Error(error.text(), item.location) : error;
      }
      if (member.value()->profile().type == profile.type) {
        return Error("'" + item.text + "' is a group, and groups have no groups as members",
                     item.location);
      }
      if (!names.insert(item.text).second) {
        return Error("'" + item.text + "' is a member twice", item.location);
      }
      members.push_back(std::move(member).value());
    }
  }
  if (members.empty()) {
    return Error("a group needs members", settings.location_of("members"));
  }
  return std::shared_ptr<Upstream>(
      std::make_shared<Group>(std::move(profile), std::move(members), settings.text("balance")));
}

}  // namespace weir
