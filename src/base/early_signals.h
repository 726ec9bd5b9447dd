// Signals that come before the gateway watches them. Left alone, a HUP in the first moments (of
// logrotate, of a script, of a terminal that closes) would end the process: its default action.
//
// Process-wide; main thread, before any other thread is there.
#pragma once

namespace weir {

class EarlySignals {
 public:
  // The first thing that the process does. A HUP waits, and becomes a reload; signals that mean
  // nothing to a gateway are ignored from now on.
  static void hold();

  // HUP is watched: one that waited comes now.
  static void let_come();
};

}  // namespace weir
