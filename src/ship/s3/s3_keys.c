/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "s3_keys.h"

#define DEFAULT_PROFILE "default"

/* A key goes into a header. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

static int copy(char *ret, size_t size, const char *text)
{
	if (!text)
		text = "";
	if (strlen(text) >= size || !is_plain(text))
		return -EINVAL;
	(void)strcpy(ret, text);
	return 0;
}

/* ---- the file ---- */

/* Without spaces around; changes the text. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* Other keys are for other tools. -EINVAL: a value that can't be one. */
static int take_pair(struct s3_keys *keys, char *line)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} known[] = {
		{ "aws_access_key_id", keys->id, sizeof(keys->id) },
		{ "aws_secret_access_key", keys->secret, sizeof(keys->secret) },
		{ "aws_session_token", keys->token, sizeof(keys->token) },
	};
	char *value = strchr(line, '=');
	const char *name;

	if (!value)
		return 0;
	*value++ = '\0';
	name = trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(name, known[i].name))
			return copy(known[i].to, known[i].size, trim(value));
	}
	return 0;
}

/* Whether a line "[NAME]" or "[profile NAME]" begins the profile. */
static bool begins(char *line, const char *profile)
{
	char *end = strchr(line, ']');

	if (!end)
		return false;
	*end = '\0';
	line = trim(line + 1);
	if (!strncmp(line, "profile ", 8))
		line = trim(line + 8);
	return !strcmp(line, profile);
}

/* A token is long, so lines may be. */
static int take_lines(struct s3_keys *keys, FILE *file, const char *profile)
{
	char line[S3_TOKEN_BYTES + 64], *text;
	bool is_in = false;
	int err = 0;

	while (!err && fgets(line, sizeof(line), file)) {
		text = trim(line);
		if (text[0] == '[')
			is_in = begins(text, profile);
		else if (is_in && text[0] != '#' && text[0] != ';')
			err = take_pair(keys, text);
	}
	sodium_memzero(line, sizeof(line));
	return err;
}

static int read_file(struct s3_keys *keys, const struct s3_keys_from *from,
		     struct fleet_error *error)
{
	const char *profile = from->profile && from->profile[0] ? from->profile : DEFAULT_PROFILE;
	FILE *file = fopen(from->path, "re");
	int err;

	if (!file)
		return fleet_error__set(error, -EINVAL, "--s3-credentials %s: %s", from->path,
					strerror(errno));
	err = take_lines(keys, file, profile);
	(void)fclose(file);
	if (!err && keys->id[0] && keys->secret[0])
		return 0;
	return fleet_error__set(error, -EINVAL,
				"--s3-credentials %s: [%s] has no %s that could be such keys",
				from->path, profile, "aws_access_key_id and aws_secret_access_key");
}

/* ---- the environment ---- */

static int take_environment(struct s3_keys *keys, const struct s3_keys_from *from,
			    struct fleet_error *error)
{
	if (!from->id || !from->id[0] || !from->secret || !from->secret[0])
		return fleet_error__set(
			error, -EINVAL,
			"no credentials: --s3-credentials FILE, or AWS_ACCESS_KEY_ID "
			"and AWS_SECRET_ACCESS_KEY in the environment");
	if (copy(keys->id, sizeof(keys->id), from->id) ||
	    copy(keys->secret, sizeof(keys->secret), from->secret) ||
	    copy(keys->token, sizeof(keys->token), from->token))
		return fleet_error__set(error, -EINVAL,
					"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or "
					"AWS_SESSION_TOKEN can't be such a key");
	return 0;
}

int s3_keys__read(struct s3_keys *ret, const struct s3_keys_from *from, struct fleet_error *error)
{
	struct s3_keys keys = { .id = "" };
	const int err = from->path ? read_file(&keys, from, error)
				   : take_environment(&keys, from, error);

	if (!err)
		*ret = keys;
	s3_keys__wipe(&keys);
	return err;
}

void s3_keys__wipe(struct s3_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}
