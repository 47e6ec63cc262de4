// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/baseline_db.h"

#include <sqlite3.h>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// "Asay" in the file's header, and the number of the form below.
constexpr std::int64_t kApplication = 0x41736179;
constexpr std::int64_t kForm = 1;
constexpr int kBusyMilliseconds = 10000;

constexpr const char* kTables = R"sql(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, suite TEXT NOT NULL, version TEXT NOT NULL,
  program TEXT NOT NULL);
CREATE TABLE measurements (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(id), case_name TEXT NOT NULL,
  level TEXT NOT NULL, setup TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL,
  UNIQUE (case_name, level, run));
CREATE TABLE metrics (
  measurement INTEGER NOT NULL REFERENCES measurements(id), place INTEGER NOT NULL,
  name TEXT NOT NULL, node TEXT NOT NULL, more_is_better INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (measurement, place)) WITHOUT ROWID;
CREATE TABLE baselines (
  case_name TEXT NOT NULL, level TEXT NOT NULL,
  measurement INTEGER NOT NULL REFERENCES measurements(id),
  PRIMARY KEY (case_name, level)) WITHOUT ROWID;
)sql";

}  // namespace

/// A prepared statement: bind the parameters in order, then step through the rows.
class BaselineDb::Statement {
 public:
  Statement(const BaselineDb& db, const char* sql) : db_(db) {
    if (sqlite3_prepare_v2(db.db_, sql, -1, &statement_, nullptr) != SQLITE_OK) db.fail();
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(const std::string& text) {
    if (sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                          SQLITE_TRANSIENT) != SQLITE_OK)
      db_.fail();
    return *this;
  }
  Statement& bind(std::int64_t value) {
    if (sqlite3_bind_int64(statement_, ++bound_, value) != SQLITE_OK) db_.fail();
    return *this;
  }
  /// Whether there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) db_.fail();
    return code == SQLITE_ROW;
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  const BaselineDb& db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

BaselineDb::BaselineDb(const std::filesystem::path& file, Access access) : file_(file) {
  const int flags =
      access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  std::error_code error;
  if (access == Access::kRead && !std::filesystem::exists(file, error))
    user_error("there is no baseline database '{}'; make one with 'assay regress'",
               printable(file.string(), 4096));
  try {
    if (sqlite3_open_v2(file.c_str(), &db_, flags, nullptr) != SQLITE_OK) fail();
    sqlite3_busy_timeout(db_, kBusyMilliseconds);
    execute("PRAGMA foreign_keys = ON");
    check_form(access);
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

BaselineDb::~BaselineDb() { sqlite3_close(db_); }

void BaselineDb::fail() const {
  const std::string shown = printable(file_.string(), 4096);
  const int code = sqlite3_errcode(db_);
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
    user_error("'{}' is damaged or no database ({}); restore it, or begin a new one", shown,
               sqlite3_errmsg(db_));
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    user_error("another program is writing '{}'; try again when it is done", shown);
  tool_error("SQLite cannot use '{}': {}", shown, sqlite3_errmsg(db_));
}

void BaselineDb::execute(const char* sql) const {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

void BaselineDb::check_form(Access access) {
  const auto number = [&](const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
  };
  const std::string shown = printable(file_.string(), 4096);
  const std::int64_t application = number("PRAGMA application_id");
  if (application == 0 && number("SELECT count(*) FROM sqlite_schema") == 0) {
    if (access == Access::kRead) user_error("'{}' holds no measurements", shown);
    make_tables();
    return;
  }
  if (application != kApplication)
    user_error("'{}' is another program's database; give another file as --baseline", shown);
  const std::int64_t form = number("PRAGMA user_version");
  if (form != kForm)
    user_error("'{}' is of form {}, and this assay knows form {}: {}", shown, form, kForm,
               form > kForm ? "use the newer one that wrote it" : "begin a new one");
  Statement check(*this, "PRAGMA quick_check(1)");
  if (!check.step() || check.text(0) != "ok")
    user_error("'{}' is damaged ({}); restore it, or begin a new one", shown, check.text(0));
}

void BaselineDb::make_tables() {
  execute("BEGIN IMMEDIATE");
  execute(kTables);
  execute(fmt::format("PRAGMA application_id = {}", kApplication).c_str());
  execute(fmt::format("PRAGMA user_version = {}", kForm).c_str());
  execute("COMMIT");
}

std::vector<Metric> BaselineDb::metrics(std::int64_t measurement) const {
  Statement rows(*this,
                 "SELECT name, node, more_is_better, value FROM metrics WHERE measurement = ?1 "
                 "ORDER BY place");
  rows.bind(measurement);
  std::vector<Metric> result;
  while (rows.step())
    result.push_back({rows.text(0), rows.text(1), rows.integer(2) != 0, rows.integer(3)});
  return result;
}

std::optional<Measurement> BaselineDb::baseline(const std::string& case_name,
                                                const std::string& level) const {
  Statement row(*this,
                "SELECT m.id, m.setup, m.verdict, m.reason FROM baselines b JOIN measurements m ON "
                "m.id = b.measurement WHERE b.case_name = ?1 AND b.level = ?2");
  row.bind(case_name).bind(level);
  if (!row.step()) return {};
  return Measurement{
      case_name, level, row.text(1), row.text(2), row.text(3), metrics(row.integer(0)), false};
}

std::vector<BaselineName> BaselineDb::baselines_of(const std::string& suite) const {
  Statement rows(*this,
                 "SELECT b.case_name, b.level FROM baselines b JOIN measurements m ON m.id = "
                 "b.measurement JOIN runs r ON r.id = m.run WHERE r.suite = ?1 ORDER BY "
                 "b.case_name, b.level");
  rows.bind(suite);
  std::vector<BaselineName> result;
  while (rows.step()) result.push_back({rows.text(0), rows.text(1)});
  return result;
}

std::int64_t BaselineDb::insert(const RegressRun& run) {
  Statement(*this, "INSERT INTO runs (time, suite, version, program) VALUES (?1, ?2, ?3, ?4)")
      .bind(run.time)
      .bind(run.suite)
      .bind(run.version)
      .bind(run.program)
      .step();
  return sqlite3_last_insert_rowid(db_);
}

std::int64_t BaselineDb::insert(std::int64_t run, const Measurement& m) {
  Statement(*this,
            "INSERT INTO measurements (run, case_name, level, setup, verdict, reason) VALUES "
            "(?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(run)
      .bind(m.case_name)
      .bind(m.level)
      .bind(m.setup)
      .bind(m.verdict)
      .bind(m.reason)
      .step();
  const std::int64_t id = sqlite3_last_insert_rowid(db_);
  for (std::size_t i = 0; i < m.metrics.size(); ++i)
    Statement(*this,
              "INSERT INTO metrics (measurement, place, name, node, more_is_better, value) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .bind(id)
        .bind(static_cast<std::int64_t>(i))
        .bind(m.metrics[i].name)
        .bind(m.metrics[i].node)
        .bind(std::int64_t{m.metrics[i].more_is_better})
        .bind(m.metrics[i].value)
        .step();
  return id;
}

void BaselineDb::accept(const Measurement& m, std::int64_t id) {
  Statement(*this,
            "INSERT OR REPLACE INTO baselines (case_name, level, measurement) VALUES (?1, ?2, ?3)")
      .bind(m.case_name)
      .bind(m.level)
      .bind(id)
      .step();
}

void BaselineDb::forget(const BaselineName& name) {
  Statement(*this, "DELETE FROM baselines WHERE case_name = ?1 AND level = ?2")
      .bind(name.case_name)
      .bind(name.level)
      .step();
}

void BaselineDb::record(const RegressRun& run, const std::vector<Measurement>& measurements,
                        const std::vector<std::size_t>& accepted,
                        const std::vector<BaselineName>& forgotten) {
  execute("BEGIN IMMEDIATE");
  try {
    const std::int64_t id = insert(run);
    std::vector<std::int64_t> ids;
    for (const Measurement& m : measurements) ids.push_back(insert(id, m));
    for (const std::size_t i : accepted) accept(measurements.at(i), ids.at(i));
    for (const BaselineName& name : forgotten) forget(name);
    execute("COMMIT");
  } catch (...) {
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

std::vector<RecordedMeasurement> BaselineDb::history(const std::string& case_name) const {
  Statement rows(*this,
                 "SELECT r.id, r.time, r.suite, r.version, r.program, m.case_name, m.level, "
                 "m.setup, m.verdict, m.reason, m.id, b.measurement IS NOT NULL FROM measurements "
                 "m JOIN runs r ON r.id = m.run LEFT JOIN baselines b ON b.measurement = m.id "
                 "WHERE ?1 = '' OR m.case_name = ?1 ORDER BY m.case_name, m.level, r.id");
  rows.bind(case_name);
  std::vector<RecordedMeasurement> result;
  while (rows.step()) {
    RecordedMeasurement& entry = result.emplace_back();
    entry.run = {rows.integer(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4)};
    entry.measurement = {rows.text(5), rows.text(6), rows.text(7),
                         rows.text(8), rows.text(9), metrics(rows.integer(10)),
                         false};
    entry.baseline = rows.integer(11) != 0;
  }
  return result;
}

}  // namespace assay
