# SPDX-License-Identifier: MIT
# Joins the parts of the page of --format html, in the order in which the browser reads them.
PAGE := src/page
PAGE_JS := $(patsubst %,$(PAGE)/%.js,text dom unpack events number when pattern parse filter spans \
	summary table details chart waits timeline page)
PAGE_CSS := $(patsubst %,$(PAGE)/%.css,page events media)

$(BUILD)/tests/test_%: LDLIBS += -lz

$(BUILD)/gen/page.js: $(PAGE_JS) $(PAGE)/page.mk
	@mkdir -p $(@D)
	$(Q)cat $(PAGE_JS) >$@

$(BUILD)/gen/page.css: $(PAGE_CSS) $(PAGE)/page.mk
	@mkdir -p $(@D)
	$(Q)cat $(PAGE_CSS) >$@

# The browser only runs the script and the styles that have these sums.
page_sum = sha256-$$(sha256sum <$(1) | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | base64)

$(BUILD)/gen/page_head.html: $(PAGE)/page.html $(BUILD)/gen/page.css $(BUILD)/gen/page.js
	$(Q)sed -e "s|@SCRIPT_SUM@|$(call page_sum,$(BUILD)/gen/page.js)|" \
		-e "s|@STYLE_SUM@|$(call page_sum,$(BUILD)/gen/page.css)|" \
		-e '/@STYLE@/,$$d' $< >$@
	$(Q)printf '<style>' >>$@ && cat $(BUILD)/gen/page.css >>$@ && printf '</style>' >>$@
	$(Q)sed -e '1,/@STYLE@/d' $< >>$@

$(BUILD)/gen/page_tail.html: $(BUILD)/gen/page.js
	$(Q)(printf '<script>' && cat $< && printf '</script>\n</body>\n</html>\n') >$@

$(BUILD)/gen/%.inc: $(BUILD)/gen/%.html
	$(call say,PAGE,$@)
	$(Q)od -An -v -tx1 $< | sed "s/ \(..\)/'\\\\x\1',/g" >$@

$(BUILD)/viewer/export/html.o: $(BUILD)/gen/page_head.inc $(BUILD)/gen/page_tail.inc
