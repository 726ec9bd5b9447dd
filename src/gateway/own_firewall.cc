#include "gateway/own_firewall.h"

#include <span>
#include <utility>
#include <vector>

#include "firewall/cgroups.h"
#include "firewall/installed.h"
#include "firewall/surroundings.h"
#include "intercept/port_claim.h"

namespace weir {
namespace {

// Rules of another gateway that runs would be replaced by ours, and gone when we end.
Result<> check_rules_ours(Port port) {
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    if (!firewall::is_installed(backend)) {
      continue;
    }
    const auto installed = firewall::installed_text(backend);
    const auto theirs = installed ? firewall::port_in(installed.value()) : std::nullopt;
    if (theirs && *theirs != port && !check_port_free(*theirs)) {
      return Error("those that are there belong to a gateway that runs, on port " +
                   std::to_string(*theirs) + ": stop it first, or run without --firewall");
    }
  }
  return Done{};
}

// The rules that a configuration implies.
firewall::Ruleset rules_of(const Snapshot& snapshot) {
  const auto handlings = snapshot.handlings();
  return firewall::make_ruleset(
      snapshot.configuration(), std::span(handlings).first(handlings.size() - 1), handlings.back(),
      firewall::find_cgroups(snapshot.configuration().firewall.exclude_cgroups));
}

Error not_replaced(const Error& error) {
  return error.while_trying("cannot replace the firewall's rules");
}

}  // namespace

OwnFirewall::OwnFirewall(Loop& loop, Log& log, const InForce& in_force,
                         std::function<bool()> may_change)
    : loop_(loop),
      log_(log),
      in_force_(in_force),
      may_change_(std::move(may_change)),
      cgroups_(loop, log, [this]() { look_for_cgroups(); }) {}

firewall::Ruleset OwnFirewall::rules() const { return rules_of(*in_force_.snapshot()); }

Result<> OwnFirewall::start(std::optional<firewall::Backend> backend) {
  if (auto ours = check_rules_ours(in_force_.configuration().gateway.port); !ours) {
    return ours;
  }
  return keep(firewall::Keeper::start(
      loop_, log_, rules(), backend.value_or(firewall::standard_backend()), keepers_owner()));
}

Result<> OwnFirewall::inherit(firewall::Keeper::Inherited from) {
  return keep(firewall::Keeper::inherit(loop_, log_, rules(), std::move(from), keepers_owner()));
}

Result<> OwnFirewall::keep(Result<std::unique_ptr<firewall::Keeper>> keeper) {
  if (!keeper) {
    return keeper.error();
  }
  keeper_ = std::move(keeper).value();
  follow_cgroups();
  return Done{};
}

firewall::Keeper::Owner OwnFirewall::keepers_owner() {
  return {.about_to_replace = [this]() { counts_.before_replacing(rules(), clock_now()); },
          .replaced = [this]() { counts_.replaced(); }};
}

void OwnFirewall::leave() {
  keeper_->leave();
  keeper_.reset();
}

void OwnFirewall::end() {
  cgroups_.watch({});
  keeper_.reset();
}

// What would come out the same is not written again.
Result<> OwnFirewall::replace(const Snapshot& next) {
  const firewall::Ruleset wanted = rules_of(next);
  if (keeper_) {
    const auto replaced = keeper_->replace(wanted);
    return replaced ? replaced : not_replaced(replaced.error());
  }
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    if (!firewall::is_installed(backend)) {
      continue;
    }
    const auto there = firewall::installed_text(backend);
    if (!there) {
      return not_replaced(there.error());
    }
    if (!there.value().empty()) {
      const auto replaced = replace_of_others(wanted, backend, there.value());
      return replaced ? replaced : not_replaced(replaced.error());
    }
  }
  return Done{};
}

Result<> OwnFirewall::replace_of_others(const firewall::Ruleset& rules, firewall::Backend backend,
                                        const std::string& there) {
  const auto fitting = firewall::fitted_to_machine(
      rules, backend,
      standing_ ? std::span(standing_->ruleset.outside) : std::span<const std::string>());
  if (!fitting) {
    return fitting.error();
  }
  if (standing_ && firewall::still_stands(*standing_, fitting.value(), backend, there)) {
    return Done{};
  }
  counts_.before_replacing(this->rules(), clock_now());
  auto standing = firewall::put_up(fitting.value(), backend);
  if (!standing) {
    return standing.error();
  }
  counts_.replaced();
  standing_ = std::move(standing).value();
  return Done{};
}

void OwnFirewall::follow_cgroups() {
  cgroups_.watch(keeper_ ? in_force_.configuration().firewall.exclude_cgroups
                         : std::vector<std::string>{});
}

void OwnFirewall::look_for_cgroups() {
  if (!keeper_ || !may_change_() ||
      cgroups_.look() == keeper_->standing().ruleset.exclude_cgroups) {
    return;
  }
  if (auto replaced = keeper_->replace(rules()); !replaced) {
    // Gone again meanwhile, as a rule: then we hear of that, too.
    log_.warning("firewall.exclude-cgroup: " + replaced.error().text());
  }
}

Result<> OwnFirewall::bypass_new_flows() {
  return keeper_->replace(firewall::while_draining(rules()));
}

Result<> OwnFirewall::bypass_all() { return keeper_->replace(firewall::while_down(rules())); }

FirewallReport OwnFirewall::report() const {
  if (!keeper_) {
    return {};
  }
  const auto status = keeper_->status();
  return {.backend = std::string(name_of(status.backend)),
          .repairs = status.repairs,
          .trouble = status.trouble,
          .outside = status.outside};
}

const firewall::RuleCounts& OwnFirewall::counts(std::chrono::seconds oldest) {
  if (const Instant now = clock_now(); counts_.is_stale(now, oldest)) {
    counts_.read(rules(), now);
  }
  return counts_;
}

}  // namespace weir
