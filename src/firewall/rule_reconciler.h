// Keeps the rules in place for as long as the gateway runs (`weir run --firewall`): installs them,
// watches them, puts back what others take away, replaces them at a reload, and at the end removes
// them or leaves them refusing, as on-failure says.
//
// Repairs stop after a few in a row: a tool that takes the rules away again and again is the
// operator's to talk to. status() then says so until the next reload.
//
// What rules take from the machine (surroundings.h) is followed: routes that change make rules that
// change. An interface that once led outside stays shut to clients for as long as the process or
// its successor lives.
//
// One, owned by the Upkeep. The firewall's thread, on its loop. Calls programs and waits for them:
// for milliseconds as a rule, and for longest_run (program.h) where another program holds the lock
// of iptables.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "firewall/change_feed.h"
#include "firewall/cleanup_process.h"
#include "firewall/installed_rules.h"
#include "firewall/repairs.h"
#include "firewall/route_news.h"
#include "loop/loop.h"

namespace weir::firewall {

class RuleReconciler {
 public:
  struct Owner {
    // Rules are about to be replaced by others, and have been. `anew`: the kernel's counters, too.
    std::function<void()> about_to_replace;
    std::function<void(bool anew)> replaced;
    // status() may be another one now.
    std::function<void()> worked;
    // Filled whenever rules are put in place; null: none are kept.
    NameSets* name_sets = nullptr;
  };

  static Result<std::unique_ptr<RuleReconciler>> start(Loop& loop, Log& log, const Ruleset& ruleset,
                                                       Backend backend, Owner owner);
  // Goes on with the rules of a gateway that is being taken over, and with its cleanup process
  // (null: it has none). They are replaced where the ruleset differs; they stay if the takeover
  // fails.
  struct Inherited {
    InstalledRules installed;  // the ruleset: only what led outside
    std::unique_ptr<CleanupProcess> cleanup;
  };
  static Result<std::unique_ptr<RuleReconciler>> inherit(Loop& loop, Log& log,
                                                         const Ruleset& ruleset, Inherited from,
                                                         Owner owner);
  // The rules are ours alone now: a cleanup process that is no longer needed is dismissed.
  void finish_takeover();

  // A successor looks after the rules: nothing is repaired, until resume().
  void pause() { paused_ = true; }
  void resume();
  // It has taken them over.
  void leave();
  // The rules are kept no longer, and stay as they are.
  void release();
  // Of an inherited reconciler: the takeover failed, and the rules stay the other gateway's.
  void abandon();
  [[nodiscard]] const InstalledRules& installed() const { return installed_; }
  [[nodiscard]] const CleanupProcess* cleanup() const { return cleanup_.get(); }

  ~RuleReconciler();
  RuleReconciler(const RuleReconciler&) = delete;
  RuleReconciler& operator=(const RuleReconciler&) = delete;

  // Other rules from now on. On error those that were there stay.
  Result<> replace(const Ruleset& ruleset);

  struct Status {
    Backend backend = Backend::nft;
    std::uint64_t repairs = 0;
    std::string trouble;               // why the rules are not what they should be; empty: they are
    std::vector<std::string> outside;  // Ruleset::outside
  };
  [[nodiscard]] Status status() const;

 private:
  RuleReconciler(Loop& loop, Log& log, Backend backend, Owner owner);

  Result<> watch();
  // False: there is no need to.
  bool stop_hearing(const Ruleset& ruleset);
  Result<> hear_changes(std::uint32_t table);
  void check_soon(Milliseconds after);
  Result<Ruleset> fit(const Ruleset& ruleset);
  Result<> install_instead(const Ruleset& ruleset);
  void follow_names(const Ruleset& ruleset);
  void routes_changed();
  void fit_again();
  void say_what_changed(const Ruleset& before) const;
  Result<> guard(const Ruleset& ruleset);
  void changed(const Change& change);
  void check();
  void follow_links(const std::string& drift);
  void follow_translations();
  void repair(const std::string& drift);
  void failed(const std::string& drift, const Error& error);
  void give_up(const std::string& drift);

  Loop& loop_;
  Log& log_;
  Backend backend_;
  Owner owner_;
  Ruleset wanted_;  // as it was given, before it was fitted to the machine
  InstalledRules installed_;
  Repairs repairs_;
  std::string changed_by_;  // changed something since we looked, as far as we know
  std::string trouble_;
  bool checking_soon_ = false;
  bool links_changed_ = false;  // since we looked
  bool paused_ = false;
  std::unique_ptr<CleanupProcess> cleanup_;
  std::unique_ptr<ChangeFeed> feed_;
  RouteSurvey::Scope scope_;  // of the routes that the rules hang on
  std::unique_ptr<RouteNews> news_;
  std::unique_ptr<Timer> fit_soon_;
  bool fitting_soon_ = false;
  Instant no_fit_before_{};
  std::unique_ptr<Timer> soon_;
  std::unique_ptr<Timer> now_and_then_;
};

}  // namespace weir::firewall
