// What becomes of a Result that is read as what it is not, also where asserts are compiled out.
#ifndef NDEBUG
#define NDEBUG
#endif
#include "weir/result.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>

#include "catch.h"

namespace weir {
namespace {

// This file's alone, so that no other has compiled its Result with asserts.
struct Own {
  int number = 0;
};

// Out of the compiler's sight, which would warn of the half that is not there.
[[gnu::noinline]] Result<Own> made(bool well) { return well ? Result<Own>(Own{}) : Error("no"); }

// How a process ended that reads so, and its last words.
struct Ending {
  int signal = 0;
  std::string words;
};

template <typename Read>
Ending ending_of(Read read) {
  std::array<int, 2> words{};
  REQUIRE(pipe(words.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    dup2(words[1], STDERR_FILENO);
    static_cast<void>(read());
    _exit(0);
  }
  close(words[1]);
  Ending out;
  std::array<char, 256> some{};
  for (ssize_t got = 0; (got = ::read(words[0], some.data(), some.size())) > 0;) {
    out.words.append(some.data(), static_cast<std::size_t>(got));
  }
  close(words[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  out.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return out;
}

}  // namespace

TEST_CASE("a Result that is read as what it is not ends the process, and says why") {
  Result<Own> value = made(true);
  Result<Own> error = made(false);
  int seen = 0;
  CHECK(ending_of([&]() { return seen = value.value().number; }).signal == 0);
  for (const Ending& end :
       {ending_of([&]() { return seen = error.value().number; }),
        ending_of([&]() { return seen = std::as_const(error).value().number; }),
        ending_of([&]() { return seen = std::move(error).value().number; }),
        ending_of([&]() { return seen = static_cast<int>(value.error().text().size()); })}) {
    CHECK(end.signal == SIGABRT);
    CHECK(end.words == "weir: a bug: a Result was read as what it is not\n");
  }
}

}  // namespace weir
