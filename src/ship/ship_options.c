/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "ship_allow.h"
#include "s3_url.h"
#include "ship_options.h"

#define EXIT_USAGE       2
#define DEFAULT_FROM     "/var/lib/ttlog"
#define DEFAULT_STATE    "/var/lib/ttlog-ship"
#define DEFAULT_REPLICAS 3
#define MOST_REPLICAS    5 /* of JetStream */
#define DEFAULT_AUDIT_NS UINT64_C(300000000000)

static const char doc[] =
	"Sends the finished files of ttlog-collect to other machines, as they come, and proves that "
	"they are there.\v"
	"URL is nats://HOST[:PORT][,HOST...]/BUCKET: a bucket of NATS JetStream's Object Store, "
	"which its clients of all languages read. It is made if it is not there. Or it is "
	"file:///DIR: a directory, which then has HOST/SERVICE/FILE. Or it is "
	"otlp+http://HOST[:PORT][/PATH], or otlp+https://: a receiver of OpenTelemetry, which gets logs "
	"and spans. Or it is s3://BUCKET/PREFIX, at Amazon or --s3-endpoint: the object "
	"PREFIX/HOST/SERVICE/FILE with the SHA-256 in its name.\n"
	"\n"
	"The newest crash goes first. A file counts as sent when it was read back and compared "
	"(--audit-after); what the servers lost is sent again. Needs no privileges: only that it may "
	"read the files.\n"
	"\n"
	"Exit status: 0 it was asked to end, 1 failed, 2 usage. It never ends because a server is "
	"bad.\n"
	"\n"
	"Examples:\n"
	"  ttlog-ship --to nats://n1,n2,n3/crashes\n"
	"  ttlog-ship --to nats://localhost/crashes --replicas 1\n"
	"  ttlog-ship --to nats://n1,n2,n3/crashes --to file:///mnt/crashes\n"
	"  ttlog-ship --to otlp+http://localhost:4318\n"
	"  ttlog-ship --to s3://acme-crashes/web --s3-region eu-central-1\n"
	"  ttlog-ship --to nats://n1,n2/crashes --tls-ca ca.pem --creds web1.creds --rate 10M";

enum {
	KEY_FROM = 0x100,
	KEY_TO,
	KEY_WEBHOOK,
	KEY_REPLICAS,
	KEY_S3_ENDPOINT,
	KEY_S3_REGION,
	KEY_S3_CREDENTIALS,
	KEY_RATE,
	KEY_AUDIT_AFTER,
	KEY_STATE,
	KEY_METRICS,
	KEY_ALLOW,
};

static const struct argp_option known[] = {
	{ "from", KEY_FROM, "DIR", 0, "Whose files (" DEFAULT_FROM ")", 1 },
	{ "to", KEY_TO, "URL", 0, "Where they go; repeatable, each with its own progress", 1 },
	{ "webhook", KEY_WEBHOOK, "URL", 0,
	  "Is told of the first crash with a signature, and of the first one for a week", 1 },
	{ "replicas", KEY_REPLICAS, "N", 0, "Of a bucket that is not there yet (3)", 1 },
	{ "s3-endpoint", KEY_S3_ENDPOINT, "URL", 0, "Who speaks S3 (Amazon)", 2 },
	{ "s3-region", KEY_S3_REGION, "NAME", 0, "Of buckets (AWS_REGION)", 2 },
	{ "s3-credentials", KEY_S3_CREDENTIALS, "FILE", 0,
	  "As AWS's tools have it (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)", 2 },
	{ "allow", KEY_ALLOW, "LIST", 0,
	  "What ttlog-ctl --at may ask of this machine: status, list, trigger, level; or none "
	  "(" SHIP_ALLOW_DEFAULT ")",
	  2 },
	{ "rate", KEY_RATE, "SIZE", 0, "So much a second, to each (no limit)", 3 },
	{ "audit-after", KEY_AUDIT_AFTER, "DURATION", 0,
	  "Read back so long after it was sent, and then daily (5m)", 3 },
	{ "state", KEY_STATE, "DIR", 0, "For what was sent (" DEFAULT_STATE ")", 3 },
	{ "metrics", KEY_METRICS, "ADDR:PORT", 0, "Serve Prometheus (127.0.0.1 if only PORT)", 3 },
	{ .doc = "Help:", .group = -1 },
	{ 0 },
};

static void add_destination(struct ship_options *own, const char *text,
			    const struct argp_state *state)
{
	struct fleet_error error;

	if (own->to_cnt == SHIP_MAX_DESTINATIONS)
		argp_error(state, "--to: more than %d", SHIP_MAX_DESTINATIONS);
	for (size_t i = 0; i < own->to_cnt; i++) {
		if (!strcmp(own->to[i].text, text))
			argp_error(state, "--to %s: it is there twice", text);
	}
	if (place_url__parse(&own->to[own->to_cnt].url, text, &error))
		argp_error(state, "--to %s: %s", text, error.text);
	own->to[own->to_cnt++].text = text;
}

static const char *parse_webhook(const char *text, const struct argp_state *state)
{
	const char *host = strstr(text, "://");

	if ((strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0) ||
	    !strcspn(host + 3, "/?#:"))
		argp_error(state, "--webhook: it is not http://HOST... or https://HOST...");
	return text;
}

static unsigned int parse_replicas(const char *text, const struct argp_state *state)
{
	if (text[0] < '1' || text[0] > '0' + MOST_REPLICAS || text[1])
		argp_error(state, "--replicas: '%s' is not 1 to %d", text, MOST_REPLICAS);
	return (unsigned int)(text[0] - '0');
}

static uint64_t parse_rate(const char *text, const struct argp_state *state)
{
	uint64_t bytes = 0;

	if (parse__size(text, &bytes) || !bytes)
		argp_error(state, "--rate: '%s' is not a size such as 10M", text);
	return bytes;
}

static uint64_t parse_duration(const char *text, const struct argp_state *state)
{
	uint64_t ns = 0;

	if (parse__duration(text, &ns))
		argp_error(state, "--audit-after: '%s' is not a duration such as 5m", text);
	return ns;
}

static struct listen_address parse_address(const char *text, const struct argp_state *state)
{
	struct listen_address address = { .len = 0 };

	if (listen_address__parse(text, &address))
		argp_error(state,
			   "--metrics: '%s' is not ADDR:PORT, [IPV6]:PORT or PORT, in numbers",
			   text);
	return address;
}

static unsigned int parse_allowed(const char *text, const struct argp_state *state)
{
	struct fleet_error error;
	unsigned int allowed = 0;

	if (ship_allow__parse(&allowed, text, &error))
		argp_error(state, "--allow: %s", error.text);
	return allowed;
}

/* Those of s3:// alone. */
static error_t parse_s3(int key, const char *arg, const struct argp_state *state)
{
	struct ship_options *own = state->input;
	struct fleet_error error;

	switch (key) {
	case KEY_S3_ENDPOINT:
		if (s3_url__check_endpoint(arg, &error))
			argp_error(state, "--s3-endpoint: %s", error.text);
		own->s3_endpoint = arg;
		return 0;
	case KEY_S3_REGION:
		if (s3_url__check_region(arg, &error))
			argp_error(state, "--s3-region: %s", error.text);
		own->s3_region = arg;
		return 0;
	case KEY_S3_CREDENTIALS:
		own->s3_keys.path = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct ship_options *own = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &own->login;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is no option", arg);
		return 0;
	case ARGP_KEY_END:
		if (!own->to_cnt && !own->webhook)
			argp_error(state, "--to URL is needed");
		return 0;
	case KEY_FROM:
		own->from = arg;
		return 0;
	case KEY_TO:
		add_destination(own, arg, state);
		return 0;
	case KEY_WEBHOOK:
		own->webhook = parse_webhook(arg, state);
		return 0;
	case KEY_REPLICAS:
		own->replicas = parse_replicas(arg, state);
		return 0;
	case KEY_RATE:
		own->rate_bytes_s = parse_rate(arg, state);
		return 0;
	case KEY_AUDIT_AFTER:
		own->audit_after_ns = parse_duration(arg, state);
		return 0;
	case KEY_STATE:
		own->state = arg;
		return 0;
	case KEY_METRICS:
		own->metrics = parse_address(arg, state);
		return 0;
	case KEY_ALLOW:
		own->allowed = parse_allowed(arg, state);
		return 0;
	default:
		return parse_s3(key, arg, state);
	}
}

/* What AWS's tools heed. */
static void heed_environment(struct ship_options *options)
{
	const char *region = getenv("AWS_REGION"), *id = getenv("AWS_ACCESS_KEY_ID");
	const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE");

	options->s3_region = region && region[0] ? region : getenv("AWS_DEFAULT_REGION");
	options->s3_keys = (struct s3_keys_from){
		.path = (id && id[0]) || !path || !path[0] ? NULL : path,
		.profile = getenv("AWS_PROFILE"),
		.id = id,
		.secret = getenv("AWS_SECRET_ACCESS_KEY"),
		.token = getenv("AWS_SESSION_TOKEN"),
	};
}

void ship_options__parse(struct ship_options *ret, int argc, char **argv)
{
	static const struct argp_child login[] = { { &login_files__argp, 0, NULL, 2 }, { 0 } };
	static const struct argp argp = {
		.options = known,
		.parser = parse_one,
		.doc = doc,
		.children = login,
	};
	const char *state = getenv("STATE_DIRECTORY"); /* of a systemd unit */
	struct fleet_error error;

	*ret = (struct ship_options){
		.from = DEFAULT_FROM,
		.state = state && state[0] ? state : DEFAULT_STATE,
		.replicas = DEFAULT_REPLICAS,
		.audit_after_ns = DEFAULT_AUDIT_NS,
	};
	(void)ship_allow__parse(&ret->allowed, SHIP_ALLOW_DEFAULT, &error);
	heed_environment(ret);
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version = "ttlog-ship " TTLOG_VERSION;
	if (argp_parse(&argp, argc, argv, 0, NULL, ret))
		exit(1);
}

void ship_options__fini(struct ship_options *options)
{
	for (size_t i = 0; i < options->to_cnt; i++)
		place_url__fini(&options->to[i].url);
}
