/* SPDX-License-Identifier: MIT */
#include "asked.h"

int asked__start(struct asked *asked, const struct place_ops *ops,
		 const struct place_setting *setting)
{
	struct asked_place *place = &asked->items[asked->cnt];
	struct responder *responder = &place->responder;
	int err;

	if (!asked->allowed || ops != &nats_place__ops)
		return 0;
	responder->link_options = nats_place__link_options(setting->url, setting->options,
							   setting->host, place->inbox);
	(void)fleet_name__escape(responder->host, setting->host);
	responder->handing.text = setting->text;
	responder->handing.allowed = asked->allowed;
	responder->handing.places = &asked->places;
	err = responder__start(responder);
	if (!err)
		asked->cnt++;
	return err;
}

void asked__end(struct asked *asked)
{
	for (size_t i = 0; i < asked->cnt; i++)
		responder__stop(&asked->items[i].responder);
	for (size_t i = 0; i < asked->cnt; i++)
		responder__join(&asked->items[i].responder);
}
