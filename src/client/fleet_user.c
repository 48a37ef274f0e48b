/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fleet_user.h"

#define JWT_BYTES 65536

/* The JWT of a credentials file: the line after its mark. 0 or -EINVAL. */
static int read_jwt(char ret[JWT_BYTES], const char *creds)
{
	FILE *file = fopen(creds, "re");
	bool is_next = false;
	int err = -EINVAL;

	while (file && err && fgets(ret, JWT_BYTES, file)) {
		if (is_next)
			err = 0;
		is_next = strstr(ret, "BEGIN NATS USER JWT") != NULL;
	}
	if (file)
		(void)fclose(file);
	return err;
}

/* What a JWT says of itself: the middle one of three parts. NULL: it is none. */
static json_t *read_claims(const char *jwt)
{
	const char *from = strchr(jwt, '.'), *to = from ? strchr(from + 1, '.') : NULL;
	char text[JWT_BYTES];
	json_error_t why;
	size_t len;

	if (!to || sodium_base642bin((unsigned char *)text, sizeof(text), from + 1,
				     (size_t)(to - from) - 1, NULL, &len, NULL,
				     sodium_base64_VARIANT_URLSAFE_NO_PADDING))
		return NULL;
	return json_loadb(text, len, 0, &why);
}

/* 0; -ENOENT: it has none. */
static int take_jwt_name(char ret[ASK_USER_BYTES], const char *creds)
{
	char jwt[JWT_BYTES];
	json_t *claims = read_jwt(jwt, creds) ? NULL : read_claims(jwt);
	const char *name = json_string_value(json_object_get(claims, "name"));
	const int err = name && name[0] ? ask_subject__user(ret, name) : -ENOENT;

	json_decref(claims);
	return err;
}

int fleet_user__find(char ret[ASK_USER_BYTES], const char *as, const char *creds,
		     const char **ret_why)
{
	const struct passwd *login;

	*ret_why = "the name of a user has 1 to 63 bytes, of which others than letters and digits "
		   "count three times";
	if (as)
		return ask_subject__user(ret, as);
	if (creds && take_jwt_name(ret, creds) != -ENOENT)
		return ret[0] ? 0 : -EINVAL;
	login = getpwuid(geteuid());
	if (login)
		return ask_subject__user(ret, login->pw_name);
	*ret_why = "this user has no name here: say one";
	return -EINVAL;
}
